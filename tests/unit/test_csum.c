/* test_csum.c - the fast checksum against the one of RFC 1071's text, over all
 * lengths and alignments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "ctl/engine/packet/csum.h"

#define ROOM	 65552
#define PSEUDO_4 12

static uint8_t bytes[ROOM];

static uint16_t simple(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void fill(unsigned seed)
{
	srandom(seed);
	for (size_t i = 0; i < ROOM; i++)
		bytes[i] = (uint8_t)random();
}

static void same(size_t at, size_t len)
{
	if (csum_of(bytes + at, len) != simple(bytes + at, len))
		fail_msg("%zu bytes at %zu", len, at);
}

static void sums_are_those_of_the_simple_way(void **state)
{
	(void)state;
	fill(1);
	for (size_t at = 0; at < 16; at++)
		for (size_t len = 0; len < 300; len++)
			same(at, len);
	for (unsigned i = 0; i < 400; i++)
		same((size_t)random() % 16, (size_t)random() % 65536);
}

/* Carries at every step. */
static void ones_alone_sum_up(void **state)
{
	(void)state;
	memset(bytes, 0xff, ROOM);
	for (size_t len = 1; len < 200; len++)
		same(0, len);
	same(3, 65535);
	memset(bytes, 0, ROOM);
	same(0, 65535);
	bytes[65534] = 1;
	same(0, 65535);
}

static uint8_t all[PSEUDO_4 + ROOM];

/* The pseudo-header of RFC 768. */
static uint16_t pseudo(const uint8_t *ip, uint8_t proto, uint16_t len)
{
	memcpy(all, ip + IPV4_SRC, 8);
	all[8] = 0;
	all[9] = proto;
	all[10] = (uint8_t)(len >> 8);
	all[11] = (uint8_t)len;
	return simple(all, PSEUDO_4);
}

static uint16_t whole(const uint8_t *ip, const uint8_t *l4, uint8_t proto,
		      uint16_t len)
{
	pseudo(ip, proto, len);
	memcpy(all + PSEUDO_4, l4, len);
	return simple(all, PSEUDO_4 + len);
}

/* As senders leave it: the field holds the pseudo-header's sum. */
static void unfinished_sums_are_finished(void **state)
{
	static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	uint8_t *ip = bytes, *l4 = bytes + 20;

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		uint8_t proto = protos[i % 2];
		uint16_t len = (uint16_t)(20 + random() % 65000);

		fill(i);
		rewrite_store16(l4 + csum_field(proto),
				(uint16_t)~pseudo(ip, proto, len));
		csum_close(l4, proto, len);
		assert_int_equal(whole(ip, l4, proto, len), 0);
	}
}

/* RFC 768: 0 would say that there is none. */
static void a_udp_sum_of_zero_is_sent_as_ones(void **state)
{
	uint8_t udp[8] = { 0xff, 0xff };

	(void)state;
	csum_close(udp, IPPROTO_UDP, sizeof(udp));
	assert_int_equal(rewrite_load16(udp + UDP_CSUM), 0xffff);
}

static void what_has_no_such_sum_is_left_alone(void **state)
{
	uint8_t l4[64] = { 0 }, was[64] = { 0 };

	(void)state;
	csum_close(l4, IPPROTO_SCTP, sizeof(l4));
	csum_close(l4, IPPROTO_TCP, TCP_CSUM + 1);
	csum_close(l4, IPPROTO_UDP, UDP_CSUM);
	assert_memory_equal(l4, was, sizeof(l4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_the_simple_way),
		cmocka_unit_test(ones_alone_sum_up),
		cmocka_unit_test(unfinished_sums_are_finished),
		cmocka_unit_test(a_udp_sum_of_zero_is_sent_as_ones),
		cmocka_unit_test(what_has_no_such_sum_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
