/* teller.c - an answer's addresses, one by one, under the name that was asked
 * for, whatever CNAMEs lead there.
 * Called by reply.c. Control thread. */
#include "teller.h"

void teller_init(struct teller *t)
{
	*t = (struct teller){ .hear = NULL };
	hash_key_random(&t->secret);
}

/* An answer is known by when it came and where it stands. */
bool teller_due(struct teller *t, const struct addr *device,
		const struct cache_hit *hit, uint64_t now_ms)
{
	uint64_t host = hash_words(&t->secret, device->q[0], device->q[1]);
	uint64_t tag = hash_words(&t->secret, host ^ hit->born_ms,
				  (uintptr_t)hit->kept.msg ^
					  (now_ms / TELLER_AGAIN_MS) << 48);
	uint64_t *place = &t->lately[tag % TELLER_PLACES];
	bool due = *place != tag;

	*place = tag;
	return due;
}

void teller_tell(const struct teller *t, const struct addr *device,
		 const struct dns_query *q, const struct dns_kept *k)
{
	struct dns_chain c = dns_chain_begin(k);
	struct dns_told told = { .device = *device };
	char name[DNS_NAME_STRLEN];
	struct dns_name lower = q->q.name;

	if (!t->hear || addr_is_zero(device) ||
	    (q->q.type != DNS_A && q->q.type != DNS_AAAA))
		return;
	dns_name_lower(&lower);
	told.name = dns_name_format(&lower, name);
	for (unsigned n = 0; n < TELLER_ADDRS_MAX &&
			     dns_answer_next_addr(&c, &told.at, &told.ttl_s);
	     n++)
		t->hear(t->arg, &told);
}
