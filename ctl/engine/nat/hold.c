/* hold.c - the waiting room of unsolicited SYNs.
 * Called by nat_in.c and nat_flow.c, aged by nat_expire(). Engine thread only.
 * Invariant: a held SYN is in one chain, in the age list, and owns a buffer. */
#include "hold.h"

#include <string.h>

#define SYN_FRAME_MAX 256 /* link, 60 + 60 bytes of headers, early data */

void hold_init(struct hold *h, const struct hash_key *hash,
	       struct pktbufs *bufs, struct gate_count *drops)
{
	memset(h, 0, sizeof(*h));
	h->hash = *hash;
	h->bufs = bufs;
	h->drops = drops;
}

static uint16_t *chain_of(struct hold *h, const struct hold_key *key)
{
	return &h->chains[hash_bytes(&h->hash, key, sizeof(*key)) %
			  HOLD_CHAINS];
}

static uint16_t find(struct hold *h, const struct hold_key *key)
{
	uint16_t i = *chain_of(h, key);

	while (i && memcmp(&h->syns[i].key, key, sizeof(*key)))
		i = h->syns[i].chain;
	return i;
}

/* Takes the entry apart and returns its buffer, which is the caller's. */
static uint32_t end(struct hold *h, uint16_t i)
{
	struct held_syn *s = &h->syns[i];
	uint16_t *at = chain_of(h, &s->key);
	uint32_t buf = s->buf;

	while (*at != i)
		at = &h->syns[*at].chain;
	*at = s->chain;
	if (s->older)
		h->syns[s->older].newer = s->newer;
	else
		h->oldest = s->newer;
	if (s->newer)
		h->syns[s->newer].older = s->older;
	else
		h->newest = s->older;
	*s = (struct held_syn){ .chain = h->free };
	h->free = i;
	return buf;
}

static void drop_oldest(struct hold *h)
{
	uint32_t buf = end(h, h->oldest);

	h->drops[DROP_SYN_HELD].packets++;
	h->drops[DROP_SYN_HELD].bytes += pktbuf_at(h->bufs, buf)->pkt.l3_len;
	pktbuf_give(h->bufs, buf);
}

static uint16_t take(struct hold *h)
{
	uint16_t i = h->free;

	if (i) {
		h->free = h->syns[i].chain;
		return i;
	}
	return h->bump < HOLD_MAX ? ++h->bump : 0;
}

bool hold_put(struct hold *h, const struct pkt *p, uint64_t until_ms)
{
	struct hold_key key = { .remote = p->src,
				.remote_port = p->sport,
				.port = p->dport };
	uint16_t *chain, i;
	uint32_t buf;

	if (p->flags & PKT_IPV6)
		key.local = p->dst;
	if (p->len > SYN_FRAME_MAX || find(h, &key))
		return false;
	if (!pktbuf_left(h->bufs, PKTBUF_HOLD) && h->oldest)
		drop_oldest(h);
	buf = pktbuf_copy(h->bufs, PKTBUF_HOLD, p);
	if (!buf)
		return false;
	i = take(h);
	chain = chain_of(h, &key);
	h->syns[i] = (struct held_syn){ .chain = *chain,
					.older = h->newest,
					.key = key,
					.until_ms = until_ms,
					.buf = buf };
	*chain = i;
	if (h->newest)
		h->syns[h->newest].newer = i;
	else
		h->oldest = i;
	h->newest = i;
	return true;
}

static bool release(struct hold *h, const struct hold_key *key)
{
	uint16_t i = h->oldest ? find(h, key) : 0;

	if (!i)
		return false;
	pktbuf_append(h->bufs, &h->bufs->out, end(h, i));
	return true;
}

bool hold_release(struct hold *h, const struct addr *remote, __be16 remote_port,
		  __be16 port)
{
	const struct hold_key key = { .remote = *remote,
				      .remote_port = remote_port,
				      .port = port };

	return release(h, &key);
}

bool hold_release6(struct hold *h, const struct pkt *p)
{
	const struct hold_key key = { .remote = p->dst,
				      .local = p->src,
				      .remote_port = p->dport,
				      .port = p->sport };

	return release(h, &key);
}

unsigned hold_expire(struct hold *h, uint64_t now_ms, unsigned budget)
{
	unsigned done = 0;

	while (h->oldest && done < budget &&
	       h->syns[h->oldest].until_ms <= now_ms) {
		drop_oldest(h);
		done++;
	}
	return done;
}

uint64_t hold_due(const struct hold *h)
{
	return h->oldest ? h->syns[h->oldest].until_ms : UINT64_MAX;
}

bool hold_check(const struct hold *h)
{
	uint32_t n = 0;

	for (uint16_t i = h->oldest; i; i = h->syns[i].newer)
		if (!h->syns[i].buf || ++n > h->bufs->used[PKTBUF_HOLD])
			return false;
	return true;
}
