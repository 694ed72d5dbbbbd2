/* nat.c - the NAT's life: memory, the calls of nat.h, time, and what a new
 * conf means for what is there.
 * Called by worker.c, the unit tests and the fuzzer. Engine thread only. */
#include "nat.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../../base/log.h"
#include "nat_core.h"

#define CLAIMED_BYTES (GATE_BITS_WORDS * sizeof(uint64_t))
#define HUGE_BYTES    (2u << 20)

/* ---- memory */

/* Where each table begins that is made from the records; reserved at once,
 * touched as used but for the first ones. */
struct layout {
	size_t map_hash, session_hash, host_hash;
	size_t random; /* what is before is read anywhere from the beginning */
	size_t map_chains, session_chains, host_chains;
	size_t hosts, bufs, outside, links, map_links, claimed;
	size_t map_stack, session_stack, host_stack, buf_stack;
	size_t len;
};

static size_t place(size_t *at, size_t bytes)
{
	size_t here = *at;

	*at += (bytes + 63) & ~(size_t)63;
	return here;
}

static struct layout layout_of(uint32_t maps, uint32_t sessions)
{
	struct layout l;
	size_t at = 0;

	l.map_hash = place(&at, nat_hash_bytes(maps));
	l.session_hash = place(&at, nat_hash_bytes(sessions));
	l.host_hash = place(&at, nat_hash_bytes(NAT_HOSTS_MAX));
	l.random = at;
	l.map_chains = place(&at, nat_hash_link_bytes(maps));
	l.session_chains = place(&at, nat_hash_link_bytes(sessions));
	l.host_chains = place(&at, nat_hash_link_bytes(NAT_HOSTS_MAX));
	l.outside =
		place(&at, GATE_BITS_PROTOS * PORTS_SPACE * sizeof(uint32_t));
	l.links = place(&at, (sessions + 1) * sizeof(struct session_links));
	l.map_links = place(&at, (maps + 1) * sizeof(struct map_links));
	l.hosts = place(&at, slab_bytes(sizeof(struct host), NAT_HOSTS_MAX));
	l.bufs = place(&at, slab_bytes(sizeof(struct pktbuf), PKTBUF_MAX));
	l.claimed = place(&at, CLAIMED_BYTES);
	l.map_stack = place(&at, slab_stack_bytes(maps));
	l.session_stack = place(&at, slab_stack_bytes(sessions));
	l.host_stack = place(&at, slab_stack_bytes(NAT_HOSTS_MAX));
	l.buf_stack = place(&at, slab_stack_bytes(PKTBUF_MAX));
	l.len = at;
	return l;
}

static void set_up(struct nat *n, const struct layout *l, uint32_t maps,
		   uint32_t sessions, uint64_t seed)
{
	uint8_t *base = n->memory;

	slab_init(&n->maps, n->file.mappings, base + l->map_stack,
		  sizeof(struct mapping), sizeof(struct mapping), maps);
	slab_init(&n->sessions, n->file.sessions, base + l->session_stack,
		  sizeof(struct session), sizeof(struct session), sessions);
	slab_init(&n->hosts, base + l->hosts, base + l->host_stack,
		  sizeof(struct host), sizeof(struct host), NAT_HOSTS_MAX);
	n->map_hash =
		nat_hash_in(base + l->map_hash, base + l->map_chains, maps);
	n->session_hash = nat_hash_in(base + l->session_hash,
				      base + l->session_chains, sessions);
	n->host_hash = nat_hash_in(base + l->host_hash, base + l->host_chains,
				   NAT_HOSTS_MAX);
	n->links = (struct session_links *)(void *)(base + l->links);
	n->map_links = (struct map_links *)(void *)(base + l->map_links);
	n->outside = (uint32_t *)(void *)(base + l->outside);
	n->own_claimed = (uint64_t *)(void *)(base + l->claimed);
	n->claimed = n->own_claimed;
	pktbuf_init(&n->bufs, base + l->bufs, base + l->buf_stack);
	ports_init(&n->ports, n->file.holds, &n->key, seed);
	frag_init(&n->frags[SIDE_LAN], &n->key, &n->bufs, PKTBUF_FRAG_LAN,
		  n->drops);
	frag_init(&n->frags[SIDE_WAN], &n->key, &n->bufs, PKTBUF_FRAG_WAN,
		  n->drops);
	hold_init(&n->hold, &n->key, &n->bufs, n->drops);
}

/* Buckets lie in huge pages where the kernel has some, and all of them are
 * there before the first packet: nearly every flow would be the first in its
 * page. Where the kernel does neither, all is as well, and slower. */
static int reserve_memory(struct nat *n, const struct layout *l)
{
	size_t len = l->len + HUGE_BYTES;
	uint8_t *memory =
		mmap(NULL, len, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before = -(uintptr_t)memory % HUGE_BYTES;

	if (memory == MAP_FAILED)
		return -ENOMEM;
	if (before)
		munmap(memory, before);
	n->memory = memory + before;
	n->memory_len = len - before;
	madvise(n->memory, l->random, MADV_HUGEPAGE);
	madvise(n->memory, l->random, MADV_POPULATE_WRITE);
	return 0;
}

static struct nat *new_in(const struct engine_limits *limits, const char *path,
			  uint64_t names, const struct hash_key *key,
			  uint64_t seed)
{
	uint32_t each = limits->mappings < NAT_MAPPINGS_MAX ? limits->mappings
							    : NAT_MAPPINGS_MAX;
	uint32_t maps = each * GATE_BITS_PROTOS;
	struct layout l = layout_of(maps, limits->sessions);
	struct nat *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return NULL;
	rc = nat_file_make(&n->file, path, maps, limits->sessions);
	if (rc) {
		if (path)
			log_warn("nat: %s: %s; mappings will not outlive a "
				 "crash",
				 path, strerror(-rc));
		free(n);
		return NULL;
	}
	if (reserve_memory(n, &l)) {
		nat_file_close(&n->file);
		free(n);
		return NULL;
	}
	n->key = *key;
	n->file.head->names = names;
	n->mappings_max = each;
	set_up(n, &l, maps, limits->sessions, seed);
	return n;
}

struct nat *nat_new(const struct engine_limits *limits,
		    const struct hash_key *key, uint64_t seed)
{
	return new_in(limits, NULL, 0, key, seed);
}

static const char *why_not(int rc)
{
	switch (rc) {
	case -EBUSY:
		return "another engine has them";
	case -EPROTO:
		return "they are of another version's layout";
	case -ESTALE:
		return "they are of another boot";
	case -EBADMSG:
		return "they are broken";
	}
	return strerror(-rc);
}

/* Another engine's file is left alone. */
struct nat *nat_new_kept(const struct engine_limits *limits,
			 const struct hash_key *key, uint64_t seed,
			 const struct engine_tables *tables, uint64_t now_ms)
{
	const char *path = tables->path;
	struct nat_file old;
	int rc = nat_file_open(&old, path);
	const char *mine = rc == -EBUSY ? NULL : path;
	struct nat *n = new_in(limits, mine, tables->names, key, seed);

	if (!rc && n) {
		rc = nat_adopt(n, &old, now_ms);
		if (rc) {
			nat_free(n);
			n = new_in(limits, mine, tables->names, key, seed);
		}
	}
	nat_file_close(&old);
	if (rc && rc != -ENOENT)
		log_warn("nat: %s: mappings are not taken over: %s", path,
			 why_not(rc));
	if (!n)
		return new_in(limits, NULL, 0, key, seed);
	if (mine)
		nat_file_settle(path);
	return n;
}

void nat_free(struct nat *n)
{
	if (!n)
		return;
	munmap(n->memory, n->memory_len);
	nat_file_close(&n->file);
	free(n);
}

/* Written over word by word, so that no claimed port is ever seen unclaimed. */
void nat_bind_claimed(struct nat *n, uint64_t *claimed)
{
	uint64_t *own = n->own_claimed;

	memset(own, 0, CLAIMED_BYTES);
	n->claimed = own;
	for (uint32_t i = 1; i <= n->maps.bump; i++)
		if (nat_map_at(n, i)->live)
			nat_map_claim(n, nat_map_at(n, i), true);
	if (!claimed)
		return;
	for (unsigned i = 0; i < GATE_BITS_WORDS; i++)
		__atomic_store_n(&claimed[i], own[i], __ATOMIC_RELAXED);
	n->claimed = claimed;
}

void nat_bind_local(struct nat *n, const uint64_t *local_open,
		    const uint64_t *local_own)
{
	n->local_open = local_open;
	n->local_own = local_own;
}

/* ---- a new conf */

/* RFC 4787 REQ-3: what the machine itself needs is never the NAT's. A mapping
 * that has such a port makes way. */
static void reserve(struct nat *n)
{
	for (unsigned i = 0; i < PORTS_RESERVED_PROTOS * PORTS_WORDS; i++) {
		enum gate_bits bits = i / PORTS_WORDS;
		unsigned word = i % PORTS_WORDS;
		uint64_t now = n->conf->reserved[bits][word];
		uint64_t added;

		if (now == n->ports.reserved[bits][word])
			continue;
		added = ports_reserve(&n->ports, bits, word, now);
		for (; added; added &= added - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(added);
			uint32_t map = n->outside[bits * PORTS_SPACE +
						  word * 64 + bit];

			if (map && !nat_map_at(n, map)->fixed)
				nat_map_move(n, nat_map_at(n, map));
		}
	}
}

/* ---- a new WAN address: what was of the old one is over at once, and is
 * cleared away by and by */

/* false: there is more. */
static bool sweep(struct nat *n, unsigned budget, unsigned *used)
{
	while (n->swept < n->sessions.bump) {
		struct session *s = nat_session_at(n, n->swept + 1);

		if (*used >= budget)
			return false;
		n->swept++;
		(*used)++;
		if (s->serial && nat_session_is_stale(n, s))
			nat_session_end_stale(n, s);
	}
	n->sweeping = false;
	return true;
}

/* Killed in between, one of both stands there: it is one word. */
static void keep_wan(struct nat *n)
{
	__atomic_store_n(&n->file.head->wan,
			 (uint64_t)n->epoch << 32 | n->wan_addr,
			 __ATOMIC_RELAXED);
}

static void change_address(struct nat *n)
{
	unsigned used = 0;
	uint32_t buf;

	if (n->sweeping) /* an epoch is one of two */
		sweep(n, UINT_MAX, &used);
	while ((buf = pktbuf_pop(&n->bufs, &n->bufs.out)))
		pktbuf_give(&n->bufs, buf);
	if (n->wan_addr) {
		n->epoch ^= 1;
		n->sweeping = true;
		n->swept = 0;
	}
	n->wan_addr = n->conf->wan.addr;
	keep_wan(n);
}

/* Every call begins here. */
static void enter(struct nat *n, const struct engine_conf *conf,
		  uint64_t now_ms)
{
	n->conf = conf;
	n->now_ms = now_ms;
	if (conf->wan.addr && conf->wan.addr != n->wan_addr)
		change_address(n);
	if (conf == n->seen && conf->generation == n->generation)
		return;
	n->seen = conf;
	n->generation = conf->generation;
	reserve(n);
	nat_forward_apply(n);
}

void nat_wan_changed(struct nat *n, const struct engine_conf *conf,
		     uint64_t now_ms)
{
	enter(n, conf, now_ms);
}

/* ---- packets */

enum verdict nat_process(struct nat *n, const struct engine_conf *conf,
			 struct pkt *p, uint64_t now_ms)
{
	enter(n, conf, now_ms);
	p->drop = 0;
	p->out_side = 0;
	p->out_lan = 0;
	p->next_hop = (struct addr){ 0 };
	p->device = (struct addr){ 0 };
	p->remote = (struct addr){ 0 };
	p->to_lan = false;
	p->session = 0;
	p->label = 0;
	p->peer = 0;
	if (!nat_admit(n, p))
		return p->verdict;
	if (p->flags & PKT_FRAG)
		nat_frag_process(n, p);
	else
		nat_route(n, p);
	return p->verdict;
}

/* What waited is asked again; what was cut is ready. */
static void decide_again(struct nat *n, struct pkt *p)
{
	if (!nat_admit(n, p))
		return;
	if (p->flags & PKT_FRAG)
		nat_frag_again(n, p);
	else
		nat_route(n, p);
}

bool nat_released(struct nat *n, const struct engine_conf *conf, struct pkt *p,
		  uint64_t now_ms)
{
	uint32_t i;

	enter(n, conf, now_ms);
	while ((i = pktbuf_pop(&n->bufs, &n->bufs.out))) {
		bool decided = pktbuf_at(&n->bufs, i)->decided;

		if (!pktbuf_unload(&n->bufs, i, p))
			nat_drop(p, DROP_FRAG_POOL);
		else if (!decided)
			decide_again(n, p);
		if (p->verdict == VERDICT_FORWARD ||
		    p->verdict == VERDICT_LOCAL)
			return true;
		if (p->verdict == VERDICT_HELD)
			continue;
		n->drops[p->drop].packets++;
		n->drops[p->drop].bytes += p->l3_len;
	}
	return false;
}

/* ---- time */

static void expire_map(struct nat *n, struct mapping *m)
{
	if (m->sessions || m->fixed)
		return;
	if (m->deadline_ms <= n->now_ms)
		nat_map_end(n, m);
	else
		nat_wheel_arm(n, nat_map_number(n, m) | NAT_ID_MAP,
			      m->deadline_ms);
}

static void expire(struct nat *n, uint32_t id)
{
	struct session *s;
	uint64_t deadline;

	if (id & NAT_ID_MAP) {
		expire_map(n, nat_map_at(n, id & ~NAT_ID_MAP));
		return;
	}
	s = nat_session_at(n, id);
	if (nat_session_is_stale(n, s)) {
		nat_session_end_stale(n, s);
		return;
	}
	nat_watch_settle(n, s);
	deadline = nat_session_deadline(n, s);
	if (deadline <= n->now_ms)
		nat_session_end(n, s);
	else
		nat_wheel_arm(n, id, deadline);
}

static uint64_t next_due(const struct nat *n)
{
	const uint64_t rooms[] = {
		nat_wheel_due(n),
		ports_due(&n->ports),
		frag_due(&n->frags[SIDE_LAN]),
		frag_due(&n->frags[SIDE_WAN]),
		hold_due(&n->hold),
	};
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
		if (rooms[i] < due)
			due = rooms[i];
	return due;
}

uint64_t nat_expire(struct nat *n, const struct engine_conf *conf,
		    uint64_t now_ms, unsigned budget)
{
	unsigned used = 0;
	uint64_t due;
	uint32_t id;

	enter(n, conf, now_ms);
	used += hold_expire(&n->hold, now_ms, budget - used);
	used += frag_expire(&n->frags[SIDE_LAN], now_ms, budget - used);
	used += frag_expire(&n->frags[SIDE_WAN], now_ms, budget - used);
	used += ports_expire(&n->ports, now_ms, budget - used);
	while (used < budget && (id = nat_wheel_pop(n))) {
		expire(n, id);
		used++;
	}
	if (n->sweeping && !sweep(n, budget, &used))
		return 0;
	due = used < budget ? next_due(n) : now_ms;
	if (due == UINT64_MAX)
		return due;
	return due > now_ms ? due - now_ms : 0;
}

/* ---- counters */

void nat_totals(const struct nat *n, uint32_t *mappings, uint32_t *sessions)
{
	*mappings = n->maps.used;
	*sessions = n->sessions.used;
}

void nat_drops(struct nat *n, struct drop_row *out, unsigned max)
{
	static const char *const names[DROP_REASONS] = {
#define X(id, name) [DROP_##id] = name,
		GATE_DROPS(X)
#undef X
	};

	for (unsigned i = 0; i < DROP_REASONS && i < max; i++) {
		out[i] = (struct drop_row){ names[i], n->drops[i].packets,
					    n->drops[i].bytes };
		n->drops[i] = (struct gate_count){ 0 };
	}
}

void nat_counters(const struct nat *n, struct nat_counters *out)
{
	*out = n->counters;
	out->hold_yielded = n->ports.yielded;
}
