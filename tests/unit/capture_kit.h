/* capture_kit.h - a flight recorder by itself, and hosts that speak.
 *
 * For test_capture*.c. Host n has a MAC of its own; a packet carries a number
 * by which it is known again. */
#ifndef TESTS_UNIT_CAPTURE_KIT_H
#define TESTS_UNIT_CAPTURE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/abi.h"
#include "ctl/base/bytes.h"
#include "ctl/engine/tap/capture.h"
#include "ctl/engine/tap/capture_store.h"
#include "ctl/engine/packet/csum.h"

#define ETHER 14
#define MIB   (1024u * 1024)

static const struct mac gateway = { { 2, 0, 0, 0, 0, 1 } };

struct lab {
	struct capture *c;
	struct engine_conf conf;
	uint64_t now_ms, wall_ns;
	uint8_t frame[2048];
	struct pkt p;
	struct capture_read read;
};

static inline struct mac host(uint32_t n)
{
	return (struct mac){ { 2, 1, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
			       (uint8_t)(n >> 8), (uint8_t)n } };
}

static inline void turn(struct lab *l)
{
	l->now_ms++;
	l->wall_ns += 1000000;
	capture_turn(l->c, &l->conf, l->now_ms, l->wall_ns);
}

static inline int setup(void **state)
{
	const struct hash_key key = { { 1, 2 } };
	struct lab *l = calloc(1, sizeof(*l));

	l->c = capture_new(&key);
	l->now_ms = 1000;
	l->wall_ns = 1700000000000000000;
	l->conf = (struct engine_conf){ .generation = 1,
					.lans_n = 1,
					.lans = { { .mac = gateway } },
					.capture_mib = 8 };
	*state = l;
	if (!l->c)
		return -1;
	turn(l);
	return 0;
}

static inline int teardown(void **state)
{
	struct lab *l = *state;

	assert_true(capture_check(l->c));
	capture_free(l->c);
	free(l);
	return 0;
}

static inline void budget(struct lab *l, uint32_t mib)
{
	l->conf.capture_mib = mib;
	l->conf.generation++;
	turn(l);
}

/* A UDP packet of 'payload' bytes, its first four being 'number'. */
static inline void build(struct lab *l, const struct mac *from,
			 uint32_t payload, uint32_t number)
{
	struct wr w = wr_init(l->frame, sizeof(l->frame));
	uint8_t *ip = l->frame + ETHER;

	wr_bytes(&w, gateway.b, 6);
	wr_bytes(&w, from->b, 6);
	wr_be16(&w, 0x0800);
	wr_be16(&w, 0x4500);
	wr_be16(&w, (uint16_t)(28 + payload));
	wr_be32(&w, 0x4000);
	wr_be16(&w, 0x4011);
	wr_be16(&w, 0);
	wr_be32(&w, 0x0a4d0002);
	wr_be32(&w, 0xcb007107);
	wr_be16(&w, 4000);
	wr_be16(&w, 53);
	wr_be16(&w, (uint16_t)(8 + payload));
	wr_be16(&w, 0);
	wr_be32(&w, number);
	wr_zero(&w, payload - 4);
	assert_false(w.bad);
	rewrite_store16(ip + IPV4_CSUM, csum_of(ip, 20));
	l->p = (struct pkt){ .data = l->frame,
			     .len = (uint32_t)wr_len(&w),
			     .room = sizeof(l->frame),
			     .side = SIDE_LAN,
			     .l3 = ETHER,
			     .l4 = ETHER + 20,
			     .l3_len = (uint16_t)(28 + payload),
			     .proto = IPPROTO_UDP,
			     .ttl = 64,
			     .host_mac = *from,
			     .verdict = VERDICT_FORWARD };
}

static inline struct capture_mark out(struct lab *l, uint32_t n,
				      uint32_t payload, uint32_t number)
{
	struct mac from = host(n);

	build(l, &from, payload, number);
	return capture_out(l->c, &l->conf, &l->p);
}

static inline void in(struct lab *l, uint32_t n, uint32_t payload,
		      uint32_t number)
{
	struct mac to = host(n);

	build(l, &gateway, payload, number);
	l->p.side = SIDE_WAN;
	l->p.out_side = SIDE_LAN;
	capture_in(l->c, &l->conf, &l->p, &to);
}

/* Answered, and of some weight. */
static inline void settle(struct lab *l, uint32_t n)
{
	for (unsigned i = 0; i < 10; i++) {
		out(l, n, 1000, 0);
		in(l, n, 1000, 0);
	}
}

static inline uint32_t number_of(struct captured *r)
{
	struct rd rd = rd_init(captured_data(r), r->kept);

	rd_skip(&rd, ETHER + 28);
	return rd_be32(&rd);
}

/* Walks all packets of a host; returns how many, and the first and last of
 * their numbers. Numbers rise. */
static inline uint32_t walk(struct lab *l, uint32_t n, uint32_t *first,
			    uint32_t *last)
{
	uint32_t packets = 0;

	l->read = (struct capture_read){ .mac = host(n) };
	do {
		struct captured *r;
		uint32_t at = 0;

		capture_copy(l->c, &l->read);
		while ((r = captured_next(l->read.data, l->read.len, &at))) {
			uint32_t number;

			if (r->kind != CAPTURED_PACKET)
				continue;
			number = number_of(r);
			if (!packets++)
				*first = number;
			else
				assert_true(number >= *last);
			*last = number;
		}
		assert_int_equal(at, l->read.len);
	} while (!l->read.last);
	return packets;
}

static inline uint32_t count(struct lab *l, uint32_t n)
{
	uint32_t first, last;

	return walk(l, n, &first, &last);
}

static inline uint64_t used(const struct lab *l)
{
	struct capture_totals t;

	capture_totals(l->c, &t);
	return t.bytes;
}

static inline struct captured *only(struct lab *l, uint32_t n)
{
	uint32_t at = 0;
	struct captured *r;

	l->read = (struct capture_read){ .mac = host(n) };
	capture_copy(l->c, &l->read);
	capture_finish(&l->read);
	assert_true(l->read.known);
	assert_true(l->read.last);
	r = captured_next(l->read.data, l->read.len, &at);
	assert_non_null(r);
	assert_int_equal(at, l->read.len);
	return r;
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
