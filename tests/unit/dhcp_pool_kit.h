/* dhcp_pool_kit.h - a pool and its clients, for the tests of its rules. */
#ifndef TESTS_DHCP_POOL_KIT_H
#define TESTS_DHCP_POOL_KIT_H

#include "dhcp_kit.h"

#define LEASE_MS 1000000u

static unsigned heard[POOL_FORGOTTEN + 1];

static inline void listener(void *arg, const struct lease *l,
			    enum pool_change change)
{
	(void)arg;
	assert_true(l->known);
	heard[change]++;
}

static inline struct pool *pool_of(const struct dhcp_conf *conf)
{
	struct pool *p;

	assert_int_equal(pool_new(&p, conf), 0);
	pool_listen(p, listener, NULL);
	memset(heard, 0, sizeof(heard));
	return p;
}

static inline struct pool *make(const char *mask)
{
	struct dhcp_conf conf = kit_conf(mask);

	return pool_of(&conf);
}

static inline __be32 offer(struct pool *p, unsigned n, uint64_t now_ms)
{
	struct lease_client c = kit_client(n);
	const struct lease *l = pool_offer(p, &c, 0, now_ms);

	return l ? l->ip : 0;
}

static inline void kit_prove(struct pool *p, const struct lease_client *c,
			     uint64_t now_ms)
{
	const struct lease *l = pool_find(p, c);

	assert_null(pool_heard(p, l->ip, &c->mac, now_ms ? now_ms : 1));
	assert_null(pool_heard(p, l->ip, &c->mac, now_ms + 1 + POOL_GRACE_MS));
	assert_true(l->proven);
	/* The next step of the test is near in time. */
	assert_null(pool_heard(p, l->ip, &c->mac, now_ms));
}

static inline const struct lease *bind_to(struct pool *p, unsigned n,
					  __be32 addr, const char *name,
					  uint64_t now_ms)
{
	struct lease_client c = kit_client(n);
	const struct lease *l = pool_bind(p, &c, addr, name, LEASE_MS, now_ms);

	/* As a device does, it uses its address, and goes on. */
	if (l)
		kit_prove(p, &c, now_ms);
	return l;
}

static inline __be32 dora(struct pool *p, unsigned n, const char *name,
			  uint64_t now_ms)
{
	__be32 addr = offer(p, n, now_ms);

	assert_int_not_equal(addr, 0);
	assert_non_null(bind_to(p, n, addr, name, now_ms));
	return addr;
}

#endif
