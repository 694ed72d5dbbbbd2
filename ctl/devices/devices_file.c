/* devices_file.c - the devices as bytes: msgpack, in arrays.
 *
 *   [VERSION, began_ms, [device…]]
 *   device: [mac, first_ms, last_ms, settled, told, id, twin, hostname, mdns,
 *            [address, last_ms, …]]
 *
 * Called by the gateway, which reads and writes the file. Control thread. */
#include <errno.h>
#include <string.h>

#include "../base/mp.h"
#include "../base/mp_out.h"
#include "devices_priv.h"

#define VERSION_NUMBER 1
#define DEVICE_FIELDS  10

/* ---- writing */

static void put_addrs(struct mp_out *o, const struct device *row)
{
	unsigned i, n = 0;

	for (i = 0; i < DEVICE_ADDRS_MAX; i++)
		n += !addr_is_zero(&row->addrs[i].addr);
	mp_out_array(o, 2 * n);
	for (i = 0; i < DEVICE_ADDRS_MAX; i++) {
		if (addr_is_zero(&row->addrs[i].addr))
			continue;
		mp_out_bin(o, &row->addrs[i].addr, sizeof(struct addr));
		mp_out_uint(o, row->addrs[i].last_ms);
	}
}

static void put_device(struct mp_out *o, const struct device *row)
{
	mp_out_array(o, DEVICE_FIELDS);
	mp_out_bin(o, &row->mac, sizeof(row->mac));
	mp_out_uint(o, row->first_ms);
	mp_out_uint(o, row->last_ms);
	mp_out_bool(o, row->settled);
	mp_out_bool(o, row->told);
	mp_out_bin(o, row->id, row->id_len);
	mp_out_bin(o, &row->twin, sizeof(row->twin));
	mp_out_text(o, row->hostname);
	mp_out_text(o, row->mdns);
	put_addrs(o, row);
}

void *devices_write(const struct devices *d, size_t *len)
{
	struct mp_out o;
	unsigned i;

	mp_out_begin(&o);
	mp_out_array(&o, 3);
	mp_out_uint(&o, VERSION_NUMBER);
	mp_out_uint(&o, d->began_ms);
	mp_out_array(&o, d->n);
	for (i = 0; i < d->n; i++)
		put_device(&o, &d->rows[i]);
	return mp_out_take(&o, len);
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
	devices_addrs_link(d, row);
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
