/* frag.c - the two pools of datagrams in pieces.
 * Called by nat_frag.c, aged by nat_expire(). Engine thread only.
 * Invariant: a datagram in use is in one hash chain, in the pool's age list and
 * in its source's list; a settled one has nothing waiting. */
#include "frag.h"

#include <string.h>

void frag_init(struct frag_pool *f, const struct hash_key *hash,
	       struct pktbufs *bufs, enum pktbuf_use use,
	       struct gate_count *drops)
{
	memset(f, 0, sizeof(*f));
	f->hash = *hash;
	f->bufs = bufs;
	f->use = use;
	f->drops = drops;
}

static struct frag_key key_of(const struct pkt *p)
{
	return (struct frag_key){ .src = p->src,
				  .dst = p->dst,
				  .id = p->ip_id,
				  .proto = p->flags & PKT_IPV6 ? 0 : p->proto };
}

static uint16_t *chain_of(struct frag_pool *f, const struct frag_key *key)
{
	return &f->chains[hash_bytes(&f->hash, key, sizeof(*key)) %
			  FRAG_CHAINS];
}

/* One who holds an IPv6 network has all its addresses. */
static uint64_t hash_source(const struct frag_pool *f,
			    const struct frag_key *key)
{
	size_t len = addr_is_v4(&key->src) ? sizeof(key->src) : 8;

	return hash_bytes(&f->hash, &key->src, len);
}

static uint16_t number_of(const struct frag_pool *f, const struct frag *d)
{
	return (uint16_t)(d - f->frags);
}

/* ---- lists */

static void age_add(struct frag_pool *f, uint16_t i)
{
	f->frags[i].age = (struct frag_link){ .older = f->age.newest };
	if (f->age.newest)
		f->frags[f->age.newest].age.newer = i;
	else
		f->age.oldest = i;
	f->age.newest = i;
}

static void age_del(struct frag_pool *f, uint16_t i)
{
	struct frag_link at = f->frags[i].age;

	if (at.older)
		f->frags[at.older].age.newer = at.newer;
	else
		f->age.oldest = at.newer;
	if (at.newer)
		f->frags[at.newer].age.older = at.older;
	else
		f->age.newest = at.older;
}

static void kin_add(struct frag_pool *f, struct frag_source *s, uint16_t i)
{
	f->frags[i].kin = (struct frag_link){ .older = s->kin.newest };
	if (s->kin.newest)
		f->frags[s->kin.newest].kin.newer = i;
	else
		s->kin.oldest = i;
	s->kin.newest = i;
	s->datagrams++;
}

static void kin_del(struct frag_pool *f, struct frag_source *s, uint16_t i)
{
	struct frag_link at = f->frags[i].kin;

	if (at.older)
		f->frags[at.older].kin.newer = at.newer;
	else
		s->kin.oldest = at.newer;
	if (at.newer)
		f->frags[at.newer].kin.older = at.older;
	else
		s->kin.newest = at.older;
	s->datagrams--;
}

static void chain_del(struct frag_pool *f, uint16_t i)
{
	uint16_t *at = chain_of(f, &f->frags[i].key);

	while (*at != i)
		at = &f->frags[*at].chain;
	*at = f->frags[i].chain;
}

/* ---- end */

static void drop_waiting(struct frag_pool *f, struct frag *d,
			 enum gate_drop why)
{
	uint32_t i;

	while ((i = pktbuf_pop(f->bufs, &d->waiting))) {
		f->drops[why].packets++;
		f->drops[why].bytes += pktbuf_at(f->bufs, i)->pkt.l3_len;
		f->sources[d->source].packets--;
		pktbuf_give(f->bufs, i);
	}
}

static void close_frag(struct frag_pool *f, struct frag *d, enum gate_drop why)
{
	uint16_t i = number_of(f, d);

	drop_waiting(f, d, why);
	chain_del(f, i);
	age_del(f, i);
	kin_del(f, &f->sources[d->source], i);
	*d = (struct frag){ .chain = f->free };
	f->free = i;
}

/* The bucket with most datagrams, or most waiting packets. */
static struct frag_source *greediest(struct frag_pool *f, bool packets)
{
	struct frag_source *most = f->sources;

	for (unsigned i = 1; i < FRAG_SOURCES; i++) {
		struct frag_source *s = &f->sources[i];

		if (packets ? s->packets > most->packets
			    : s->datagrams > most->datagrams)
			most = s;
	}
	return most;
}

/* Ends the source's oldest datagram that has packets waiting. */
static bool free_waiting(struct frag_pool *f, const struct frag_source *s,
			 const struct frag *but)
{
	uint16_t i = s->kin.oldest;

	while (i && (!f->frags[i].waiting.n || &f->frags[i] == but))
		i = f->frags[i].kin.newer;
	if (!i)
		return false;
	close_frag(f, &f->frags[i], DROP_FRAG_POOL);
	return true;
}

/* ---- use */

struct frag *frag_find(struct frag_pool *f, const struct pkt *p,
		       uint64_t now_ms)
{
	struct frag_key key = key_of(p);
	uint16_t i = *chain_of(f, &key);

	while (i && memcmp(&f->frags[i].key, &key, sizeof(key)))
		i = f->frags[i].chain;
	if (!i)
		return NULL;
	if (f->frags[i].until_ms <= now_ms) {
		close_frag(f, &f->frags[i], DROP_FRAG_TIMEOUT);
		return NULL;
	}
	return &f->frags[i];
}

static uint16_t take(struct frag_pool *f)
{
	uint16_t i = f->free;

	if (i) {
		f->free = f->frags[i].chain;
		return i;
	}
	return f->bump < FRAG_MAX ? ++f->bump : 0;
}

struct frag *frag_open(struct frag_pool *f, const struct pkt *p,
		       uint64_t now_ms)
{
	struct frag_key key = key_of(p);
	uint16_t *chain = chain_of(f, &key);
	uint16_t source = (uint16_t)(hash_source(f, &key) % FRAG_SOURCES);
	struct frag_source *s = &f->sources[source];
	uint16_t i;

	i = take(f);
	if (!i) {
		uint16_t victim = greediest(f, false)->kin.oldest;

		close_frag(f, &f->frags[victim], DROP_FRAG_POOL);
		i = take(f);
	}
	f->frags[i] = (struct frag){ .chain = *chain,
				     .source = source,
				     .key = key,
				     .until_ms = now_ms + FRAG_LIFE_MS };
	*chain = i;
	age_add(f, i);
	kin_add(f, s, i);
	return &f->frags[i];
}

bool frag_wait(struct frag_pool *f, struct frag *d, const struct pkt *p)
{
	struct frag_source *s = &f->sources[d->source];
	uint32_t i;

	if (s->packets >= FRAG_SOURCE_MAX && !free_waiting(f, s, d))
		return false;
	if (!pktbuf_left(f->bufs, f->use) &&
	    !free_waiting(f, greediest(f, true), d))
		return false;
	i = pktbuf_copy(f->bufs, f->use, p);
	if (!i)
		return false;
	pktbuf_append(f->bufs, &d->waiting, i);
	s->packets++;
	return true;
}

void frag_settle(struct frag_pool *f, struct frag *d,
		 const struct frag_fate *fate)
{
	uint32_t i;

	d->settled = true;
	d->fate = *fate;
	while ((i = pktbuf_pop(f->bufs, &d->waiting))) {
		f->sources[d->source].packets--;
		pktbuf_append(f->bufs, &f->bufs->out, i);
	}
}

/* ---- time */

unsigned frag_expire(struct frag_pool *f, uint64_t now_ms, unsigned budget)
{
	unsigned done = 0;

	while (f->age.oldest && done < budget) {
		struct frag *d = &f->frags[f->age.oldest];

		if (d->until_ms > now_ms)
			break;
		close_frag(f, d, DROP_FRAG_TIMEOUT);
		done++;
	}
	return done;
}

uint64_t frag_due(const struct frag_pool *f)
{
	return f->age.oldest ? f->frags[f->age.oldest].until_ms : UINT64_MAX;
}

bool frag_check(const struct frag_pool *f)
{
	unsigned datagrams = 0, packets = 0, n = 0;

	for (unsigned i = 0; i < FRAG_SOURCES; i++) {
		datagrams += f->sources[i].datagrams;
		packets += f->sources[i].packets;
	}
	for (uint16_t i = f->age.oldest; i; i = f->frags[i].age.newer) {
		const struct frag *d = &f->frags[i];

		if (d->settled && d->waiting.n)
			return false;
		if (d->waiting.n > packets || ++n > datagrams)
			return false;
		packets -= d->waiting.n;
	}
	return n == datagrams && !packets;
}
