/* devices_file.c - the devices as bytes: msgpack, in arrays.
 *
 *   [VERSION, began_ms, [device…]]
 *   device: [mac, first_ms, last_ms, settled, told, id, twin, hostname, mdns,
 *            [address, last_ms, …]]
 *
 * Called by the gateway, which reads and writes the file. Control thread. */
#include <errno.h>
#include <msgpack.h>
#include <stdlib.h>

#include "../base/mp.h"
#include "devices_priv.h"

#define VERSION_NUMBER 1
#define DEVICE_FIELDS  10

/* ---- writing; a buffer that cannot grow says so by 'bad' */

struct out {
	msgpack_sbuffer *buffer;
	msgpack_packer packer;
	bool bad;
};

static void put_bin(struct out *o, const void *data, size_t len)
{
	o->bad |= msgpack_pack_bin(&o->packer, len) ||
		  msgpack_pack_bin_body(&o->packer, data, len);
}

static void put_text(struct out *o, const char *text)
{
	o->bad |= msgpack_pack_str(&o->packer, strlen(text)) ||
		  msgpack_pack_str_body(&o->packer, text, strlen(text));
}

static void put_uint(struct out *o, uint64_t n)
{
	o->bad |= msgpack_pack_uint64(&o->packer, n);
}

static void put_bool(struct out *o, bool yes)
{
	o->bad |= yes ? msgpack_pack_true(&o->packer)
		      : msgpack_pack_false(&o->packer);
}

static void put_array(struct out *o, size_t n)
{
	o->bad |= msgpack_pack_array(&o->packer, n);
}

static void put_addrs(struct out *o, const struct device *row)
{
	unsigned i, n = 0;

	for (i = 0; i < DEVICE_ADDRS_MAX; i++)
		n += !addr_is_zero(&row->addrs[i].addr);
	put_array(o, 2 * n);
	for (i = 0; i < DEVICE_ADDRS_MAX; i++) {
		if (addr_is_zero(&row->addrs[i].addr))
			continue;
		put_bin(o, &row->addrs[i].addr, sizeof(struct addr));
		put_uint(o, row->addrs[i].last_ms);
	}
}

static void put_device(struct out *o, const struct device *row)
{
	put_array(o, DEVICE_FIELDS);
	put_bin(o, &row->mac, sizeof(row->mac));
	put_uint(o, row->first_ms);
	put_uint(o, row->last_ms);
	put_bool(o, row->settled);
	put_bool(o, row->told);
	put_bin(o, row->id, row->id_len);
	put_bin(o, &row->twin, sizeof(row->twin));
	put_text(o, row->hostname);
	put_text(o, row->mdns);
	put_addrs(o, row);
}

void *devices_write(const struct devices *d, size_t *len)
{
	msgpack_sbuffer buffer;
	struct out o = { .buffer = &buffer };
	unsigned i;

	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&o.packer, &buffer, msgpack_sbuffer_write);
	put_array(&o, 3);
	put_uint(&o, VERSION_NUMBER);
	put_uint(&o, d->began_ms);
	put_array(&o, d->n);
	for (i = 0; i < d->n; i++)
		put_device(&o, &d->rows[i]);
	if (o.bad) {
		msgpack_sbuffer_destroy(&buffer);
		return NULL;
	}
	*len = buffer.size;
	return msgpack_sbuffer_release(&buffer);
}

/* ---- reading */

static void take_addrs(struct rd *r, struct device *row)
{
	uint32_t n = mp_array(r) / 2, v6 = 1;
	struct device_addr one;

	for (; n && !r->bad; n--) {
		mp_bin_exact(r, &one.addr, sizeof(one.addr));
		one.last_ms = mp_uint(r);
		if (addr_is_v4(&one.addr))
			row->addrs[0] = one;
		else if (v6 < DEVICE_ADDRS_MAX)
			row->addrs[v6++] = one;
	}
}

static void take_id(struct rd *r, struct device *row)
{
	size_t len;
	const uint8_t *id = mp_bin(r, &len);

	if (len > sizeof(row->id))
		r->bad = true;
	if (r->bad || !len)
		return;
	row->id_len = (uint8_t)len;
	memcpy(row->id, id, len);
}

static void take_device(struct rd *r, struct devices *d)
{
	struct device one = { 0 }, *row;

	if (mp_array(r) != DEVICE_FIELDS)
		r->bad = true;
	mp_bin_exact(r, &one.mac, sizeof(one.mac));
	one.first_ms = mp_uint(r);
	one.last_ms = mp_uint(r);
	one.settled = mp_bool(r);
	one.told = mp_bool(r);
	take_id(r, &one);
	mp_bin_exact(r, &one.twin, sizeof(one.twin));
	mp_text(r, one.hostname, sizeof(one.hostname));
	mp_text(r, one.mdns, sizeof(one.mdns));
	take_addrs(r, &one);
	if (r->bad || mac_is_zero(&one.mac) || one.mac.b[0] & 1 ||
	    devices_find(d, &one.mac))
		return;
	/* A file of ours has no more than there are places for. */
	if (d->n - d->fresh_n >= DEVICES_MAX - DEVICES_FRESH_MAX)
		one.settled = false;
	row = devices_add(d, &one.mac);
	if (!row)
		return;
	*row = one;
	d->fresh_n -= one.settled;
}

int devices_read(struct devices *d, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);
	uint32_t n;

	if (mp_array(&r) != 3 || mp_uint(&r) != VERSION_NUMBER)
		return -EBADMSG;
	d->began_ms = mp_uint(&r);
	for (n = mp_array(&r); n && !r.bad; n--)
		take_device(&r, d);
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}
