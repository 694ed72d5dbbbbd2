/* test_nat_misc.c - protocols without ports, a new WAN address, the bitmap that
 * the gate reads, and checksums over random packets. */
#include "nat_lab.h"

/* ---- nat.md 28 */

static struct spec passed(enum side side, uint8_t proto, uint32_t host,
			  uint32_t remote)
{
	return (struct spec){ .side = side,
			      .src = side == SIDE_LAN ? host : remote,
			      .dst = side == SIDE_LAN ? remote : WAN,
			      .proto = proto,
			      .payload = 40 };
}

/* nat.md 28 */
static void test_one_inside_host_per_remote(void **state)
{
	static const uint8_t protos[] = { IPPROTO_GRE, IPPROTO_ESP,
					  IPPROTO_SCTP, IPPROTO_IPIP, 253 };
	struct lab *l = *state;

	for (unsigned i = 0; i < sizeof(protos); i++) {
		uint8_t proto = protos[i];

		assert_int_equal(
			lab_send(l, passed(SIDE_LAN, proto, HOST_A, REMOTE)),
			VERDICT_FORWARD);
		assert_int_equal(out_src(l), WAN);
		assert_int_equal(
			lab_send(l, passed(SIDE_WAN, proto, 0, REMOTE)),
			VERDICT_FORWARD);
		assert_int_equal(out_dst(l), HOST_A);
		assert_memory_equal(l->p.data + l->p.l4, l->sent + 20, 40);
		/* Another host, the same remote: told so. */
		lab_send(l, passed(SIDE_LAN, proto, HOST_B, REMOTE));
		assert_true(l->p.flags & PKT_REPLY);
		assert_int_equal(l->p.data[l->p.l4 + 1], ICMP_PROHIBITED);
		/* Another remote. */
		lab_send(l, passed(SIDE_LAN, proto, HOST_B, STRANGER));
		assert_int_equal(l->p.flags & PKT_REPLY, 0);
		lab_send(l, passed(SIDE_WAN, proto, 0, STRANGER));
		assert_int_equal(out_dst(l), HOST_B);
	}
	assert_string_equal(lab_flow(l).state, "active");
	assert_int_equal(lab_flow(l).proto, IPPROTO_GRE);
	assert_int_equal(lab_mappings(l), 0);
	assert_int_equal(lab_sessions(l), 10);
	lab_wait(l, 5 * MINUTE + 2 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
}

/* As for UDP: RFC 4787 REQ-6. */
/* nat.md 28 */
static void test_inbound_does_not_keep_what_has_no_ports(void **state)
{
	struct lab *l = *state;

	lab_send(l, passed(SIDE_LAN, IPPROTO_ESP, HOST_A, REMOTE));
	lab_wait(l, 4 * MINUTE);
	assert_int_equal(lab_send(l, passed(SIDE_WAN, IPPROTO_ESP, 0, REMOTE)),
			 VERDICT_FORWARD);
	lab_wait(l, 1 * MINUTE);
	assert_int_equal(lab_send(l, passed(SIDE_WAN, IPPROTO_ESP, 0, REMOTE)),
			 VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_WAN_CLOSED);
	lab_send(l, passed(SIDE_LAN, IPPROTO_ESP, HOST_A, REMOTE));
	lab_wait(l, 4 * MINUTE);
	lab_send(l, passed(SIDE_LAN, IPPROTO_ESP, HOST_A, REMOTE));
	lab_wait(l, 4 * MINUTE);
	assert_int_equal(lab_send(l, passed(SIDE_WAN, IPPROTO_ESP, 0, REMOTE)),
			 VERDICT_FORWARD);
}

/* Errors find them by protocol and remote. */
/* nat.md 28 */
static void test_errors_about_protocols_without_ports(void **state)
{
	struct lab *l = *state;
	uint8_t quote[60];
	struct spec s = { .side = SIDE_WAN,
			  .src = STRANGER,
			  .dst = WAN,
			  .proto = IPPROTO_ICMP,
			  .type = 3,
			  .quote = quote,
			  .quote_n = sizeof(quote) };

	lab_send(l, passed(SIDE_LAN, IPPROTO_ESP, HOST_A, REMOTE));
	memcpy(quote, lab_ip(l), sizeof(quote));
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(at32(l->p.data + l->p.l4 + 8 + IPV4_SRC), HOST_A);

	lab_send(l, passed(SIDE_WAN, IPPROTO_ESP, 0, REMOTE));
	memcpy(quote, lab_ip(l), sizeof(quote));
	s.side = SIDE_LAN;
	s.src = HOST_A;
	s.dst = REMOTE;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_equal(out_src(l), WAN);
	assert_int_equal(at32(l->p.data + l->p.l4 + 8 + IPV4_DST), WAN);
	/* What another host got is not this one's to complain about. */
	s.src = HOST_B;
	quote[IPV4_DST + 3] = 3;
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
}

/* Theirs cover the addresses, though the NAT does not know their ports. */
static void test_checksums_of_udp_like_protocols(void **state)
{
	static const uint8_t protos[] = { 33, 136 };
	struct lab *l = *state;

	for (unsigned i = 0; i < sizeof(protos); i++) {
		struct spec s = passed(SIDE_LAN, protos[i], HOST_A, REMOTE);
		uint8_t *l4;

		lab_frame(l, &s);
		l4 = l->p.data + 34;
		rewrite_store16(l4 + UDP_CSUM, 0);
		rewrite_store16(l4 + UDP_CSUM,
				sum_l4(l->p.data + 14, 20, 40, protos[i]));
		assert_int_equal(lab_process(l), VERDICT_FORWARD);
		assert_int_equal(sum_l4(lab_ip(l), 20, 40, protos[i]), 0);
	}
}

/* ---- nat.md 31 */

/* nat.md 31 */
static void test_wan_address_changes(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	lab_send(l, passed(SIDE_LAN, IPPROTO_GRE, HOST_A, REMOTE));
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	l->conf.generation++;
	nat_wan_changed(l->n, &l->conf, l->now);
	lab_wait(l, 0);
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(lab_mappings(l), 2);
	assert_true(nat_check(l->n));
	/* Full cone goes on at the new address, at once. */
	assert_int_equal(
		lab_send(l, (struct spec){ TUPLE(SIDE_WAN, STRANGER, 9,
						 IP(203, 0, 113, 200), 5000) }),
		VERDICT_FORWARD);
	assert_int_equal(out_dst(l), HOST_A);
	assert_int_equal(lab_in(l, STRANGER, 9, 5000), VERDICT_DROP);
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(out_src(l), IP(203, 0, 113, 200));
	assert_int_equal(out_sport(l), 5000);
	/* No new sessions: the mappings end by their own time. */
	lab_wait(l, 4 * MINUTE + 2 * SECOND);
	assert_int_equal(lab_mappings(l), 1);
	lab_wait(l, 1 * MINUTE);
	assert_int_equal(lab_mappings(l), 0);
}

/* nat.md 31 */
/* However many there are, no call ends more than its budget; none of the old
 * ones is used meanwhile, and new ones come about at once. */
static void test_an_address_change_is_paced(void **state)
{
	struct lab *l = *state;
	struct flow_row row;
	uint32_t cursor = 0, before;
	unsigned n;

	for (uint16_t i = 0; i < 1000; i++)
		lab_tcp(l, SIDE_LAN, HOST_A, 5000 + i, REMOTE, 80, TCP_SYN);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	l->conf.generation++;
	lab_tcp(l, SIDE_LAN, HOST_A, 5999, REMOTE, 80, TCP_SYN);
	assert_int_equal(out_src(l), IP(203, 0, 113, 200));
	assert_int_equal(out_sport(l), 5999);
	before = lab_sessions(l);
	assert_true(before >= 900);
	assert_int_equal(nat_expire(l->n, &l->conf, l->now, 64), 0);
	assert_in_range(before - lab_sessions(l), 1, 64);
	/* The table shows the new one alone. */
	nat_flows(l->n, &cursor, &row, 1, 10000, &n, l->now);
	assert_int_equal(n, 1);
	assert_int_equal(row.outside.addr.w[3], l->conf.wan.addr);
	/* And back, before all are gone. */
	l->conf.wan.addr = net32(WAN);
	l->conf.generation++;
	lab_tcp(l, SIDE_LAN, HOST_A, 5001, REMOTE, 80, TCP_SYN);
	lab_wait(l, 0);
	assert_int_equal(lab_sessions(l), 1);
	assert_int_equal(lab_mappings(l), 1000);
	assert_int_equal(lab_in(l, REMOTE, 80, 5001), VERDICT_DROP);
}

/* Settings may name times beyond a turn of the wheel. */
static void test_idle_mapping_outlasts_the_wheel(void **state)
{
	struct lab *l = *state;

	l->conf.timers.udp = 3000 * SECOND;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	lab_wait(l, 2999 * SECOND);
	assert_int_equal(lab_sessions(l), 0);
	assert_int_equal(lab_mappings(l), 1);
	lab_wait(l, 3 * SECOND);
	assert_int_equal(lab_mappings(l), 0);
}

/* Gone for a while and back: nothing was lost. */
/* nat.md 31 */
static void test_wan_away_and_back_with_its_address(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	l->conf.wan.up = false;
	l->conf.wan.addr = 0;
	l->conf.generation++;
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_WAN);
	l->conf = lab_conf();
	l->conf.generation = 3;
	assert_int_equal(lab_in(l, REMOTE, 53, 5000), VERDICT_FORWARD);
	assert_int_equal(lab_sessions(l), 1);
}

/* A settled datagram's later fragments die with its session. */
/* nat.md 31 */
static void test_wan_address_changes_amid_fragments(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			  .more = true, .whole = 1000, .payload = 504 };

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	l->conf.wan.addr = net32(IP(203, 0, 113, 200));
	s.off = 512;
	s.more = false;
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_NO_MAPPING);
}

/* ---- claimed */

static bool is_claimed(const uint64_t *map, enum gate_bits bits, uint32_t port)
{
	return map[gate_bits_word(bits, port)] & gate_bits_mask(port);
}

static void test_claimed_follows_the_mappings(void **state)
{
	static uint64_t map[GATE_BITS_WORDS];
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	memset(map, 0xff, sizeof(map)); /* left by an engine before us */
	nat_bind_claimed(l->n, map);
	assert_true(is_claimed(map, GATE_BITS_UDP, 5000));
	assert_false(is_claimed(map, GATE_BITS_TCP, 5000));
	lab_tcp(l, SIDE_LAN, HOST_A, 5000, REMOTE, 80, TCP_SYN);
	assert_true(is_claimed(map, GATE_BITS_TCP, 5000));
	lab_send(l, (struct spec){ TUPLE(SIDE_LAN, HOST_A, 77, REMOTE, 0),
				   .proto = IPPROTO_ICMP, .type = 8 });
	assert_true(is_claimed(map, GATE_BITS_ICMP, 77));
	lab_wait(l, 6 * MINUTE);
	for (unsigned i = 0; i < GATE_BITS_WORDS; i++)
		assert_int_equal(map[i], 0);
	nat_bind_claimed(l->n, NULL);
}

/* ---- nat.md 24 */

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static const struct {
	uint8_t proto;
	int csum;
} summed[] = { { IPPROTO_TCP, TCP_CSUM },
	       { IPPROTO_UDP, UDP_CSUM },
	       { IPPROTO_ICMP, ICMP_CSUM } };

static uint16_t full_sum(const uint8_t *ip, uint16_t len, uint8_t proto)
{
	uint16_t csum = proto == IPPROTO_ICMP ? csum_of(ip + 20, len)
					      : sum_l4(ip, 20, len, proto);

	return !csum && proto == IPPROTO_UDP ? 0xffff : csum;
}

/* nat.md 24 */
static void test_rewrite_equals_full_recompute(void **state)
{
	uint8_t ip[20 + 64];
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t proto = summed[i % 3].proto;
		uint8_t *at = ip + 20 + summed[i % 3].csum;
		uint16_t len = (uint16_t)(20 + next(&seed) % 45), csum;
		struct rewrite_tuple from, to;
		struct rewrite rw;

		for (unsigned k = 0; k < sizeof(ip); k++)
			ip[k] = (uint8_t)next(&seed);
		ip[0] = 0x45;
		ip[9] = proto;
		rewrite_store16(ip + IPV4_CSUM, 0);
		csum = csum_of(ip, 20);
		rewrite_store16(ip + IPV4_CSUM, csum);
		rewrite_store16(at, 0);
		csum = full_sum(ip, len, proto);
		rewrite_store16(at, csum);

		memcpy(&from.src, ip + IPV4_SRC, 4);
		memcpy(&from.dst, ip + IPV4_DST, 4);
		from.sport = rewrite_load16(ip + 20 +
					    (i % 3 == 2 ? ICMP_ID : PORTS_SRC));
		from.dport = rewrite_load16(ip + 20 + PORTS_DST);
		to = (struct rewrite_tuple){ next(&seed), next(&seed),
					     (__be16)next(&seed),
					     (__be16)next(&seed) };
		rewrite_prepare(&rw, proto, &from, &to);
		rewrite_ttl(ip, ip[IPV4_TTL] - 1);
		rewrite_ipv4(ip, &rw);
		rewrite_l4(ip + 20, len, proto, &rw);

		assert_int_equal(csum_of(ip, 20), 0);
		csum = rewrite_load16(at);
		rewrite_store16(at, 0);
		assert_int_equal(csum, full_sum(ip, len, proto));
	}
}

/* nat.md 24 */
static void test_rfc768_no_checksum_stays_none(void **state)
{
	uint8_t udp[8] = { 0, 1, 0, 2, 0, 8, 0, 0 };
	struct rewrite_tuple from = { 1, 2, htons(1), htons(2) };
	struct rewrite_tuple to = { 3, 4, htons(5), htons(6) };
	struct rewrite rw;

	(void)state;
	rewrite_prepare(&rw, IPPROTO_UDP, &from, &to);
	rewrite_l4(udp, 8, IPPROTO_UDP, &rw);
	assert_int_equal(rewrite_load16(udp + UDP_CSUM), 0);
	assert_int_equal(rewrite_load16(udp), htons(5));
}

/* One that comes out as 0 is sent as 0xffff. */
/* nat.md 24 */
static void test_rfc768_zero_is_sent_as_ones(void **state)
{
	uint8_t udp[8] = { 0, 1, 0, 2, 0, 8, 0x12, 0x34 };
	struct rewrite_tuple from = { 0, 0, htons(1), htons(2) };
	struct rewrite_tuple to = { 0, 0, htons(1 + 0x1234), htons(2) };
	struct rewrite rw;

	(void)state;
	rewrite_prepare(&rw, IPPROTO_UDP, &from, &to);
	rewrite_l4(udp, 8, IPPROTO_UDP, &rw);
	assert_int_equal(rewrite_load16(udp + UDP_CSUM), 0xffff);
}

/* A packet that came in broken goes out broken. */
/* nat.md 24 */
static void test_wrong_checksum_stays_wrong(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			  .payload = 20, .bad_csum = true };

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_not_equal(sum_l4(lab_ip(l), 20, 28, IPPROTO_UDP), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_one_inside_host_per_remote),
		lab_test(test_inbound_does_not_keep_what_has_no_ports),
		lab_test(test_errors_about_protocols_without_ports),
		lab_test(test_checksums_of_udp_like_protocols),
		lab_test(test_wan_address_changes),
		lab_test(test_an_address_change_is_paced),
		lab_test(test_idle_mapping_outlasts_the_wheel),
		lab_test(test_wan_away_and_back_with_its_address),
		lab_test(test_wan_address_changes_amid_fragments),
		lab_test(test_claimed_follows_the_mappings),
		cmocka_unit_test(test_rewrite_equals_full_recompute),
		cmocka_unit_test(test_rfc768_no_checksum_stays_none),
		cmocka_unit_test(test_rfc768_zero_is_sent_as_ones),
		lab_test(test_wrong_checksum_stays_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
