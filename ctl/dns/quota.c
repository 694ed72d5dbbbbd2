/* quota.c - token buckets by client address.
 *
 * Called by forward.c. Control thread. Invariant: a place whose client has
 * questions in flight is never given to another. */
#include "quota.h"

#include <string.h>

void quota_init(struct quota *q)
{
	memset(q, 0, sizeof(*q));
	hash_key_random(&q->secret);
	q->per_s = QUOTA_PER_S;
}

/* The client's own place, else the one that rested longest, else NULL. */
static struct quota_client *place(struct quota *q, const struct addr *addr)
{
	uint64_t hash = hash_bytes(&q->secret, addr->b, sizeof(addr->b));
	struct quota_client *set = q->clients[hash & (QUOTA_SETS - 1)];
	struct quota_client *oldest = NULL;
	unsigned i;

	for (i = 0; i < QUOTA_WAYS; i++) {
		struct quota_client *c = &set[i];

		if (addr_eq(&c->addr, addr))
			return c;
		if (!c->in_flight &&
		    (!oldest || c->refilled_ms < oldest->refilled_ms))
			oldest = c;
	}
	return oldest;
}

static void refill(const struct quota *q, struct quota_client *c,
		   uint64_t now_ms)
{
	uint64_t tokens = (now_ms - c->refilled_ms) * q->per_s / 1000;
	uint32_t most = q->per_s * QUOTA_BURST_S;

	if (!tokens)
		return;
	tokens += c->tokens;
	c->tokens = tokens < most ? (uint32_t)tokens : most;
	c->refilled_ms = now_ms;
}

struct quota_client *quota_take(struct quota *q, const struct addr *addr,
				unsigned room, uint64_t now_ms)
{
	struct quota_client *c = place(q, addr);

	if (!c)
		return NULL;
	if (!addr_eq(&c->addr, addr))
		*c = (struct quota_client){
			.addr = *addr,
			.refilled_ms = now_ms,
			.tokens = q->per_s * QUOTA_BURST_S,
		};
	refill(q, c, now_ms);
	if (!c->tokens || c->in_flight >= room)
		return NULL;
	c->tokens--;
	c->in_flight++;
	return c;
}

void quota_release(struct quota_client *c)
{
	c->in_flight--;
}
