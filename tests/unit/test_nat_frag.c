/* test_nat_frag.c - RFC 4787 REQ-13 and REQ-14: what is cut, by others and by
 * us. */
#include "nat_lab.h"

#define PIECE 1480
#define WHOLE 3000 /* a datagram's payload: two fragments and a rest */

/* The three fragments of one datagram, by number. */
static struct spec piece(enum side side, unsigned i, uint16_t id)
{
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53) };

	if (side == SIDE_WAN)
		s = (struct spec){ TUPLE(SIDE_WAN, REMOTE, 53, WAN, 5000) };
	s.id = id;
	s.more = i < 2;
	s.off = (uint16_t)(i * PIECE);
	s.no_csum = true;
	s.payload = i == 2 ? WHOLE + 8 - 2 * PIECE : PIECE - (i ? 0 : 8);
	s.whole = i ? 0 : WHOLE;
	return s;
}

static void assert_translated(const struct lab *l, enum side side)
{
	assert_int_equal(l->p.verdict, VERDICT_FORWARD);
	assert_int_equal(out_src(l), side == SIDE_LAN ? WAN : REMOTE);
	assert_int_equal(out_dst(l), side == SIDE_LAN ? REMOTE : HOST_A);
	assert_int_equal(l->p.to_lan, side == SIDE_WAN);
	assert_int_equal(addr_to_v4(&l->p.device), net32(HOST_A));
	assert_int_not_equal(l->p.session, 0);
}

/* nat.md 13 */
static void test_rfc4787_req14_in_order(void **state)
{
	struct lab *l = *state;

	for (unsigned side = 0; side < 2; side++) {
		enum side from = side ? SIDE_WAN : SIDE_LAN;

		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(lab_send(l, piece(from, i, 77)),
					 VERDICT_FORWARD);
			assert_translated(l, from);
			assert_false(lab_released(l));
		}
	}
	assert_int_equal(lab_flow(l).tx_packets, 3);
	assert_int_equal(lab_flow(l).tx_bytes, WHOLE + 8 + 60);
	assert_int_equal(lab_flow(l).rx_bytes, WHOLE + 8 + 60);
}

/* nat.md 13 */
static void test_rfc4787_req14_out_of_order(void **state)
{
	static const uint8_t orders[][3] = {
		{ 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	for (unsigned i = 0; i < 10; i++) {
		enum side from = i % 2 ? SIDE_WAN : SIDE_LAN;
		const uint8_t *order = orders[i / 2];
		unsigned left = 0;
		bool first = false;

		for (unsigned k = 0; k < 3; k++) {
			struct spec s =
				piece(from, order[k], (uint16_t)(100 + i));

			first |= !order[k];
			assert_int_equal(lab_send(l, s), first ? VERDICT_FORWARD
							       : VERDICT_HELD);
			if (first)
				assert_translated(l, from);
			left += !first;
			for (; first && left; left--) {
				assert_true(lab_released(l));
				assert_translated(l, from);
			}
			assert_false(lab_released(l));
		}
	}
}

static void test_fragments_whose_first_never_comes(void **state)
{
	struct lab *l = *state;

	lab_send(l, piece(SIDE_WAN, 1, 5));
	lab_send(l, piece(SIDE_WAN, 2, 5));
	lab_wait(l, 15 * SECOND);
	assert_int_equal(lab_drops(l, DROP_FRAG_TIMEOUT), 2);
	assert_false(lab_released(l));
	/* Also when nobody called nat_expire(). */
	lab_send(l, piece(SIDE_WAN, 1, 5));
	l->now += 16 * SECOND;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 0, 5)), VERDICT_FORWARD);
	assert_false(lab_released(l));
	assert_int_equal(lab_drops(l, DROP_FRAG_TIMEOUT), 1);
}

static void test_fragments_share_the_first_ones_fate(void **state)
{
	struct lab *l = *state;
	struct spec s;

	/* Nobody has the port. */
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 1, 5)), VERDICT_HELD);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 0, 5)), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_WAN_CLOSED);
	assert_false(lab_released(l));
	assert_int_equal(lab_drops(l, DROP_WAN_CLOSED), 1);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 2, 5)), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_WAN_CLOSED);
	/* An answer to the first is enough. */
	s = piece(SIDE_LAN, 0, 6);
	s.ttl = 1;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_true(l->p.flags & PKT_REPLY);
	assert_int_equal(lab_send(l, piece(SIDE_LAN, 1, 6)), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TTL_EXCEEDED);
	lab_send(l, piece(SIDE_LAN, 0, 7));
	s = piece(SIDE_LAN, 1, 7);
	s.ttl = 1;
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TTL_EXCEEDED);
}

/* 8 KB to a port that the owner opened, and a large ping to the gateway. */
static void test_fragments_of_the_gateways_own(void **state)
{
	static uint64_t open[GATE_BITS_WORDS], own[GATE_BITS_WORDS];
	struct lab *l = *state;
	struct spec s;

	nat_bind_local(l->n, open, own);
	open[gate_bits_word(GATE_BITS_UDP, 5000)] |= gate_bits_mask(5000);
	lab_send(l, piece(SIDE_WAN, 1, 5));
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 0, 5)), VERDICT_LOCAL);
	assert_true(lab_released(l));
	assert_int_equal(l->p.verdict, VERDICT_LOCAL);
	assert_int_equal(out_dst(l), WAN);
	assert_int_equal(lab_ip(l)[IPV4_TTL], 64);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 2, 5)), VERDICT_LOCAL);

	s = piece(SIDE_WAN, 0, 6);
	s.proto = IPPROTO_ICMP;
	s.type = 8;
	assert_int_equal(lab_send(l, s), VERDICT_LOCAL);
	s = piece(SIDE_WAN, 1, 6);
	s.proto = IPPROTO_ICMP;
	assert_int_equal(lab_send(l, s), VERDICT_LOCAL);

	/* From the LAN to the WAN address, where nobody is mapped. */
	s = piece(SIDE_LAN, 0, 7);
	s.dst = WAN;
	assert_int_equal(lab_send(l, s), VERDICT_LOCAL);
	nat_bind_local(l->n, NULL, NULL);
}

/* nat.md 13 */
static void test_hairpinned_fragments(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_B, 6000, REMOTE, 53);
	for (unsigned i = 0; i < 3; i++) {
		struct spec s = piece(SIDE_LAN, i, 9);

		s.dst = WAN;
		s.dport = 6000;
		assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
		assert_int_equal(out_src(l), WAN);
		assert_int_equal(out_dst(l), HOST_B);
		assert_true(l->p.flags & PKT_HAIRPIN);
	}
}

static enum verdict flood(struct lab *l, enum side side, uint32_t src,
			  uint16_t id)
{
	return lab_send(l,
			(struct spec){ .side = side,
				       .src = src,
				       .dst = side == SIDE_LAN ? REMOTE : WAN,
				       .id = id,
				       .off = 1480,
				       .payload = 64 });
}

/* nat.md 13 */
static void test_rfc4787_req14_flood_hurts_its_source_alone(void **state)
{
	struct lab *l = *state;
	uint64_t pushed;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_send(l, piece(SIDE_WAN, 1, 1));
	l->unchecked = true;
	for (unsigned i = 0; i < 5000; i++)
		flood(l, SIDE_WAN, STRANGER, (uint16_t)i);
	l->unchecked = false;
	pushed = lab_drops(l, DROP_FRAG_POOL);
	assert_int_equal(pushed, 5000 - 64);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 0, 1)), VERDICT_FORWARD);
	assert_true(lab_released(l));
	assert_translated(l, SIDE_WAN);
}

/* From everywhere at once: the greediest pay, the other side nothing. */
/* nat.md 13 */
static void test_rfc4787_req14_spoofed_flood_is_bounded(void **state)
{
	struct lab *l = *state;

	lab_out(l, HOST_A, 5000, REMOTE, 53);
	lab_send(l, piece(SIDE_LAN, 1, 1));
	l->unchecked = true;
	for (unsigned i = 0; i < 20000; i++)
		flood(l, SIDE_WAN, IP(20, 0, 0, 0) + i * 7919, (uint16_t)i);
	l->unchecked = false;
	assert_true(nat_check(l->n));
	assert_int_equal(lab_drops(l, DROP_FRAG_POOL), 20000 - 256);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 1, 1)), VERDICT_HELD);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 0, 1)), VERDICT_FORWARD);
	assert_true(lab_released(l));
	assert_int_equal(lab_send(l, piece(SIDE_LAN, 0, 1)), VERDICT_FORWARD);
	assert_true(lab_released(l));
	assert_translated(l, SIDE_LAN);
}

/* More datagrams than places, each with its first fragment. */
static void test_datagrams_are_bounded(void **state)
{
	struct lab *l = *state;

	l->conf.host_sessions = 100;
	lab_out(l, HOST_A, 5000, REMOTE, 53);
	l->unchecked = true;
	for (unsigned i = 0; i < 2000; i++) {
		struct spec s = piece(SIDE_WAN, 0, (uint16_t)i);

		s.src = IP(20, 0, 0, 0) + i * 7919;
		assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	}
	l->unchecked = false;
	assert_true(nat_check(l->n));
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 0, 1)), VERDICT_FORWARD);
	assert_int_equal(lab_send(l, piece(SIDE_WAN, 1, 1)), VERDICT_FORWARD);
	/* The latest but a few are still known. */
	assert_int_equal(
		lab_send(l, (struct spec){ .side = SIDE_WAN,
					   .src = IP(20, 0, 0, 0) + 1999 * 7919,
					   .dst = WAN,
					   .id = 1999,
					   .off = PIECE,
					   .payload = 8 }),
		VERDICT_FORWARD);
}

/* Everything waits for one datagram: it is its own bound. */
/* nat.md 13 */
static void test_one_datagram_cannot_take_the_pool(void **state)
{
	struct lab *l = *state;
	unsigned held = 0;

	for (unsigned i = 1; i < 200; i++)
		held += lab_send(l, (struct spec){ .side = SIDE_WAN,
						   .src = STRANGER,
						   .dst = WAN,
						   .id = 1,
						   .off = (uint16_t)(i * 8),
						   .payload = 8,
						   .more = true }) ==
			VERDICT_HELD;
	assert_int_equal(held, 64);
}

/* ---- cutting */

struct assembly {
	uint8_t bytes[LAB_FRAME];
	unsigned n, pieces;
	bool last;
};

/* Pieces come in order, with nothing left out. */
static void assemble(const struct lab *l, struct assembly *a, uint16_t mtu)
{
	const uint8_t *ip = lab_ip(l);
	unsigned hlen = (ip[0] & 15) * 4u, len = at16(ip + 2) - hlen;
	uint16_t field = at16(ip + 6);

	lab_intact(&l->p);
	assert_in_range(hlen + len, 0, mtu);
	assert_int_equal((field & 0x1fff) * 8, a->n);
	assert_int_equal(l->p.len, 14 + hlen + len);
	memcpy(a->bytes + a->n, ip + hlen, len);
	a->n += len;
	a->pieces++;
	a->last = !(field & 0x2000);
}

static void cut_and_compare(struct lab *l, struct spec s, uint16_t mtu)
{
	struct assembly a = { .n = s.off };
	uint16_t hlen = 20 + s.options_n;
	uint64_t bytes = 0;

	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assemble(l, &a, mtu);
	bytes += l->p.l3_len;
	while (lab_released(l)) {
		assert_int_equal(l->p.verdict, VERDICT_FORWARD);
		assert_int_equal(out_src(l), WAN);
		assert_int_equal(out_dst(l), REMOTE);
		assemble(l, &a, mtu);
		bytes += l->p.l3_len;
	}
	assert_int_equal(a.last, !s.more);
	assert_int_equal(a.n, s.off + l->sent_n - hlen);
	/* All but the header, which was translated. */
	assert_memory_equal(a.bytes + s.off + 8, l->sent + hlen + 8,
			    l->sent_n - hlen - 8u);
	assert_int_equal(lab_flow(l).tx_bytes, bytes);
	assert_int_equal(lab_flow(l).tx_packets, a.pieces);
}

/* nat.md 12 */
static void test_rfc4787_req13_too_large_is_cut_in_order(void **state)
{
	static const uint16_t mtus[] = { 1492, 1400, 1000, 576, 296, 68 };
	static const uint16_t sizes[] = { 1472, 1473, 1465, 1381 };

	(void)state;
	for (unsigned i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]);
		     k++) {
			struct lab *l = lab_new();

			l->conf.wan.mtu = mtus[i];
			cut_and_compare(l,
					(struct spec){ TUPLE(SIDE_LAN, HOST_A,
							     5000, REMOTE, 53),
						       .id = 99,
						       .payload = sizes[k] },
					mtus[i]);
			lab_free(l);
		}
	}
}

/* Both hosts' counters hold what went over the wire. */
/* nat.md 12 */
static void test_hairpin_is_cut(void **state)
{
	struct lab *l = *state;
	uint64_t bytes, pieces = 1;
	struct flow_row row;
	uint32_t cursor = 0;
	unsigned n;

	lab_out(l, HOST_B, 6000, REMOTE, 53);
	l->conf.lans[0].mtu = 700;
	lab_send(l, (struct spec){ TUPLE(SIDE_LAN, HOST_A, 5000, WAN, 6000),
				   .payload = 1400 });
	bytes = l->p.l3_len;
	for (; lab_released(l); pieces++) {
		assert_int_equal(out_dst(l), HOST_B);
		bytes += l->p.l3_len;
	}
	assert_int_equal(pieces, 3);
	while (nat_flows(l->n, &cursor, &row, 1, 100, &n, l->now) || n) {
		if (addr_to_v4(&row.remote.addr) != net32(WAN))
			continue;
		assert_int_equal(row.tx_bytes + row.rx_bytes, bytes);
		assert_int_equal(row.tx_packets + row.rx_packets, pieces);
	}
}

/* nat.md 12 */
static void test_fragments_are_cut_again(void **state)
{
	struct lab *l = *state;
	struct spec s = piece(SIDE_LAN, 0, 3);
	struct assembly a = { 0 };

	l->conf.wan.mtu = 600;
	cut_and_compare(l, s, 600);
	assert_int_equal(lab_send(l, piece(SIDE_LAN, 1, 3)), VERDICT_FORWARD);
	a.n = PIECE;
	assemble(l, &a, 600);
	while (lab_released(l))
		assemble(l, &a, 600);
	assert_false(a.last);
	assert_int_equal(a.n, 2 * PIECE);
	lab_send(l, piece(SIDE_LAN, 2, 3));
	assemble(l, &a, 600);
	assert_true(a.last);
	/* A later fragment that must not be cut is dropped without a word. */
	s = piece(SIDE_LAN, 1, 3);
	s.df = true;
	assert_int_equal(lab_send(l, s), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TOO_BIG);
}

/* Copied options stand in every piece, the others in the first (RFC 791). */
static void test_options_when_cut(void **state)
{
	struct lab *l = *state;
	struct spec s = { TUPLE(SIDE_LAN, HOST_A, 5000, REMOTE, 53),
			  .payload = 900,
			  /* router alert (copied), record route (not), nop */
			  .options = { 0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1 },
			  .options_n = 12 };

	l->conf.wan.mtu = 500;
	assert_int_equal(lab_send(l, s), VERDICT_FORWARD);
	assert_int_equal(lab_ip(l)[0] & 15, 8);
	assert_true(lab_released(l));
	assert_int_equal(lab_ip(l)[0] & 15, 6);
	assert_int_equal(lab_ip(l)[20], 0x94);
	while (lab_released(l))
		;
}

static void test_cutting_is_bounded(void **state)
{
	struct lab *l = *state;
	unsigned dropped = 0;

	/* Nobody takes the pieces away. */
	l->conf.wan.mtu = 68;
	for (unsigned i = 0; i < 10; i++)
		dropped += lab_send(l, (struct spec){ TUPLE(SIDE_LAN, HOST_A,
							    5000, REMOTE, 53),
						      .payload = 1472 }) ==
			   VERDICT_DROP;
	assert_int_equal(dropped, 6); /* 30 pieces each, room for 128 */
	assert_int_equal(l->p.drop, DROP_FRAG_POOL);
	while (lab_released(l))
		;
	l->conf.wan.mtu = 20;
	assert_int_equal(lab_out(l, HOST_A, 5000, REMOTE, 53), VERDICT_DROP);
	assert_int_equal(l->p.drop, DROP_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_rfc4787_req14_in_order),
		lab_test(test_rfc4787_req14_out_of_order),
		lab_test(test_fragments_whose_first_never_comes),
		lab_test(test_fragments_share_the_first_ones_fate),
		lab_test(test_fragments_of_the_gateways_own),
		lab_test(test_hairpinned_fragments),
		lab_test(test_rfc4787_req14_flood_hurts_its_source_alone),
		lab_test(test_rfc4787_req14_spoofed_flood_is_bounded),
		lab_test(test_datagrams_are_bounded),
		lab_test(test_one_datagram_cannot_take_the_pool),
		cmocka_unit_test(test_rfc4787_req13_too_large_is_cut_in_order),
		lab_test(test_hairpin_is_cut),
		lab_test(test_fragments_are_cut_again),
		lab_test(test_options_when_cut),
		lab_test(test_cutting_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
