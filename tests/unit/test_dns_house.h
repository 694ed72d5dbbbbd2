/* test_dns_house.h - the way upstream, whole, with up to three made-up
 * upstreams on loopback. For test_dns_forward.c and test_dns_guard.c. */
#ifndef TEST_DNS_HOUSE_H
#define TEST_DNS_HOUSE_H

#include "test_dns_fake.h"

#include <stdio.h>

#include "ctl/base/clock.h"
#include "ctl/base/log.h"
#include "ctl/dns/forward.h"
#include "ctl/dns/reply.h"

struct house {
	uv_loop_t loop;
	struct tally tally;
	struct resolver resolver;
	struct cache *cache;
	struct filter filter;
	struct rebind rebind;
	struct forward *forward;
	struct inbox in;
	unsigned retired, fakes_n;
	struct fake fake[3];
};

static inline void on_retired(struct resolver *r)
{
	container_of(r, struct house, resolver)->retired++;
}

static inline struct house *open_house(unsigned n, const enum fake_mode *modes)
{
	struct house *h = calloc(1, sizeof(*h));
	struct nameserver at[3] = { 0 };
	unsigned i;

	log_set_level(LOG_LEVEL_ERR);
	assert_non_null(h);
	uv_loop_init(&h->loop);
	tally_init(&h->tally);
	h->resolver.way = (struct query_way){ &h->loop, &h->tally, NULL };
	h->resolver.on_retired = on_retired;
	h->cache = cache_new(1 << 20);
	h->forward = forward_new(&h->resolver, h->cache, &h->filter, &h->rebind,
				 &h->tally);
	h->fakes_n = n;
	for (i = 0; i < n; i++) {
		fake_open(&h->fake[i], &h->loop, modes[i]);
		at[i].at = h->fake[i].at;
	}
	upstreams_set(&h->resolver.upstreams, at, n);
	return h;
}

static inline struct house *open_one(enum fake_mode mode)
{
	return open_house(1, &mode);
}

static inline void close_house(struct house *h)
{
	unsigned i;

	resolve_stop_all(&h->resolver);
	forward_free(h->forward);
	cache_free(h->cache);
	for (i = 0; i < h->fakes_n; i++)
		fake_close(&h->fake[i]);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	free(h);
}

static inline void ask_as(struct house *h, const struct asker *from,
			  const char *name)
{
	struct dns_query q = build_query(name, DNS_A, 0);
	struct dns_key key = dns_key(&q);

	forward_ask(h->forward, &key, &q, from);
}

static inline void ask(struct house *h, const char *name, uint16_t port)
{
	struct asker from = inbox_asker(&h->in, port);

	ask_as(h, &from, name);
}

/* Until 'n' answers came, 30 s at most. */
static inline void run_until(struct house *h, unsigned n)
{
	uint64_t end_ms = clock_ms() + 30000;

	while (h->in.n < n) {
		assert_true(clock_ms() < end_ms);
		uv_run(&h->loop, UV_RUN_ONCE);
	}
}

static inline bool cached(struct house *h, const char *name,
			  struct cache_hit *hit)
{
	struct dns_query q = build_query(name, DNS_A, 0);
	struct dns_key key = dns_key(&q);

	return cache_find(h->cache, &key, clock_ms(), hit);
}

static inline void assert_good(struct house *h, unsigned i)
{
	assert_int_equal(inbox_rcode(&h->in, i), DNS_NOERROR);
	assert_memory_equal(h->in.last4[i], "\xc0\0\2\1", 4);
}

#endif
