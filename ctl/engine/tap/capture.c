/* capture.c - what is kept of a packet.
 * Called by worker.c (what the LAN sends) and egress.c (what it gets). Engine
 * thread.
 * Invariant: a ring's newest chunk is filled with whole records up to 'at'. */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../bpf/rewrite.h"
#include "capture_core.h"
#include "stream.h"

#define AHEAD 128 /* bytes of a ring that the next packet will want at once */
#define LINE  64

/* ---- life */

static void free_all(struct capture *c)
{
	capture_store_close(&c->store);
	slots_fini(&c->slots);
	free(c->chain);
	free(c->lane);
	free(c);
}

struct capture *capture_new(const struct hash_key *key)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->key = *key;
	c->store.fd = -1;
	c->chain = calloc(CAPTURE_CHUNKS_MAX, sizeof(*c->chain));
	c->lane = calloc(GATE_EXPRESS_PAIRS + 1, sizeof(*c->lane));
	if (!c->chain || !c->lane || slots_init(&c->slots, CAPTURE_DEVICES) ||
	    capture_store_make(&c->store)) {
		free_all(c);
		return NULL;
	}
	capture_rings_init(c);
	return c;
}

void capture_free(struct capture *c)
{
	if (c)
		free_all(c);
}

void capture_set_names(struct capture *c, uint64_t line)
{
	*c->store.names = line;
}

int capture_adopt(struct capture *c, int fd)
{
	struct capture_store fresh = c->store;
	int rc = capture_store_open(&c->store, fd, *fresh.names);

	if (!rc) {
		rc = capture_rings_adopt(c);
		if (rc)
			capture_store_close(&c->store);
	} else {
		close(fd);
	}
	if (rc)
		c->store = fresh;
	else
		capture_store_close(&fresh);
	return rc;
}

int capture_hand_on(struct capture *c)
{
	int fd;

	capture_rings_close(c);
	fd = fcntl(c->store.fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

void capture_totals(const struct capture *c, struct capture_totals *out)
{
	out->bytes = (uint64_t)c->used_n * CAPTURED_CHUNK;
	out->max_bytes = (uint64_t)c->budget_n * CAPTURED_CHUNK;
	out->devices = c->hosts_n;
}

/* ---- settings */

void capture_turn(struct capture *c, const struct engine_conf *conf,
		  uint64_t now_ms, uint64_t wall_ns)
{
	uint32_t budget;

	c->now_ms = now_ms;
	c->wall_ns = wall_ns;
	if (conf->generation != c->conf_seen) {
		c->conf_seen = conf->generation;
		budget = conf->capture_mib * (1024 * 1024 / CAPTURED_CHUNK);
		if (budget > c->store.chunks_n)
			budget = c->store.chunks_n;
		atomic_store_explicit(&c->budget_n, budget,
				      memory_order_relaxed);
	}
	if (c->used_n + c->free_n > c->budget_n)
		capture_trim(c);
}

bool capture_is_pinned(const struct engine_conf *conf, const struct mac *host)
{
	for (unsigned i = 0; i < conf->pins_n; i++)
		if (mac_eq(&conf->pins[i], host))
			return true;
	return false;
}

/* Whom a packet from outside is for the NAT alone knows. */
bool capture_wants_whole(const struct engine_conf *conf, const struct pkt *p,
			 bool lane)
{
	if (!conf->capture_mib)
		return false;
	return lane ||
	       (conf->pins_n &&
		(p->side == SIDE_WAN || capture_is_pinned(conf, &p->host_mac)));
}

/* ---- records */

/* The next one's place is fetched, as memory that was written so long ago is in
 * no cache. */
struct captured *capture_reserve(struct capture *c, uint32_t host,
				 uint32_t kept)
{
	struct ring *r = &c->rings[host];
	uint32_t size = captured_size(kept);
	struct captured *rec;

	if (size > r->left && !capture_extend(c, host))
		return NULL;
	rec = (struct captured *)(void *)r->at;
	r->at += size;
	r->left -= size;
	for (unsigned n = 0; n < AHEAD && n < r->left; n += LINE)
		__builtin_prefetch(r->at + n, 1);
	*rec = (struct captured){ .at_ns = c->wall_ns,
				  .size = size,
				  .kept = kept };
	return rec;
}

bool capture_is_host(const struct mac *mac)
{
	return !(mac->b[0] & 1) && !mac_is_zero(mac);
}

/* 'here' bytes of a frame that has 'len'. */
static struct capture_mark keep(struct capture *c, const struct mac *mac,
				const struct pkt *p, const uint8_t *frame,
				uint32_t len, unsigned flags)
{
	uint32_t here = p->partial ? ETH_HLEN + PKT_PARTIAL : p->room;
	uint32_t kept = len < here ? len : here, host, chunk;
	struct capture_device *d;
	struct captured *rec;

	if (kept > CAPTURED_LEN_MAX)
		kept = CAPTURED_LEN_MAX;
	if (!c->budget_n || !frame || !capture_is_host(mac))
		return (struct capture_mark){ 0 };
	host = capture_host(c, mac, true);
	rec = host == CAPTURE_NONE ? NULL : capture_reserve(c, host, kept);
	if (!rec)
		return (struct capture_mark){ 0 };
	rec->kind = CAPTURED_PACKET;
	rec->len = len;
	rec->flags = (uint8_t)(flags | (p->gso ? CAPTURED_GSO : 0) |
			       (p->csum_open ? CAPTURED_CSUM_OPEN : 0));
	stream_copy(captured_data(rec), frame, kept);
	chunk = c->rings[host].last;
	c->store.chunks[chunk].packets++;
	d = &c->store.devices[host];
	d->kept_packets++;
	d->kept_bytes += len;
	c->rings[host].answered |=
		flags & CAPTURED_RX && !(p->flags & PKT_REPLY);
	capture_seen(c, host);
	return (struct capture_mark){ rec, c->store.chunks[chunk].serial };
}

/* Without the link's padding, if it is known where that begins. */
static uint32_t frame_length(const struct pkt *p)
{
	uint32_t len = (uint32_t)p->l3 + p->l3_len;

	return p->l3_len && len < p->len ? len : p->len;
}

/* What nfqueue does not show, or the kernel does after us. */
static void write_macs(struct captured *rec, const struct mac *to,
		       const struct mac *from)
{
	uint8_t *frame = captured_data(rec);

	if (rec->kept < ETH_HLEN)
		return;
	memcpy(frame, to->b, ETH_ALEN);
	memcpy(frame + ETH_ALEN, from->b, ETH_ALEN);
}

static void count_hop(struct captured *rec, const struct pkt *p)
{
	uint8_t *ip = captured_data(rec) + p->l3;

	if (rec->kept < p->l3 + 20u || p->ttl <= 1)
		return;
	if (p->flags & PKT_IPV6)
		ip[IPV6_HOPS]--;
	else
		rewrite_ttl(ip, (uint8_t)(p->ttl - 1));
}

struct capture_mark capture_out(struct capture *c,
				const struct engine_conf *conf,
				const struct pkt *p)
{
	struct capture_mark m =
		keep(c, &p->host_mac, p, p->data, frame_length(p), 0);

	if (m.record && p->routed && p->lan < conf->lans_n)
		write_macs(m.record, &conf->lans[p->lan].mac, &p->host_mac);
	return m;
}

struct capture_mark capture_in(struct capture *c,
			       const struct engine_conf *conf,
			       const struct pkt *p, const struct mac *to)
{
	struct capture_mark m =
		keep(c, to, p, p->data, frame_length(p), CAPTURED_RX);

	if (!m.record)
		return m;
	m.record->label = p->label;
	if (!p->routed)
		return m;
	write_macs(m.record, to, &conf->lans[p->out_lan].mac);
	count_hop(m.record, p);
	return m;
}

void capture_settle(struct capture *c, struct capture_mark mark,
		    const struct pkt *p)
{
	if (!mark.record ||
	    capture_store_chunk(&c->store, mark.record)->serial != mark.serial)
		return;
	mark.record->label = p->label;
	if (p->verdict != VERDICT_DROP)
		return;
	mark.record->flags |= CAPTURED_DROPPED;
	mark.record->drop = p->drop;
}
