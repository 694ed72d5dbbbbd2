/* test_express_diff.c - the express lane's rewrite, three times over: eBPF at
 * XDP, eBPF at tc, and C. Random packets with random rewrites come out
 * byte-identical, and as a full checksum would have them; what has anything
 * special in its header comes out as it went in.
 *
 * EXPRESS_SEED repeats a run. */
#include <linux/pkt_cls.h>
#include <netinet/icmp6.h>
#include <time.h>

#include "house.h"
#include "packet.h"

#include "ctl/engine/packet/icmp_error.h"

#define ROUNDS	 6000
#define SLOT	 17
#define STATS(h) (&lane_of(h).stats[SLOT])

static struct gate_express lane_of(const struct house *h)
{
	struct gate_express lane;

	gate_express(h->gate, &lane);
	return lane;
}

/* ---- rows */

static void set_key(struct express_flow *row, const struct packet *p,
		    uint32_t ifindex)
{
	const uint8_t *ip = p->b + ETHER, *l4 = p->b + p->l4;
	const uint8_t *src = p->icmp ? l4 + ICMP_ID : l4;
	const uint8_t *dst = p->icmp ? l4 : l4 + 2;
	uint16_t sport = (uint16_t)(src[0] << 8 | src[1]);
	uint16_t dport = (uint16_t)(dst[0] << 8 | dst[1]);
	uint32_t proto = proto_of(p);

	if (p->v6) {
		row->key6 = (struct express6_key){ .ifindex = ifindex,
						   .sport = sport,
						   .dport = dport,
						   .proto = proto };
		memcpy(row->key6.src, ip + 8, 16);
		memcpy(row->key6.dst, ip + 24, 16);
		return;
	}
	row->key = (struct express4_key){ .ifindex = ifindex,
					  .sport = sport,
					  .dport = dport,
					  .proto = proto };
	memcpy(row->key.src, ip + 12, 4);
	memcpy(row->key.dst, ip + 16, 4);
}

/* Often only some of it changes, as a real NAT does; now and then nothing. */
static struct rewrite_tuple other_tuple(const struct rewrite_tuple *from)
{
	struct rewrite_tuple to = *from;

	if (below(2))
		fill_random(&to.src, sizeof(to.src));
	if (below(2))
		fill_random(&to.dst, sizeof(to.dst));
	if (below(2))
		fill_random(&to.sport, sizeof(to.sport));
	if (below(2))
		fill_random(&to.dport, sizeof(to.dport));
	return to;
}

static struct express_flow make_row(const struct packet *p, uint32_t in,
				    uint32_t out, const struct mac *owner)
{
	struct express_flow row = { .out_ifindex = out, .mtu = MTU };
	const uint8_t *ip = p->b + ETHER;
	struct rewrite_tuple from, to;

	set_key(&row, p, in);
	memcpy(row.owner, owner->b, sizeof(row.owner));
	fill_random(row.to, sizeof(row.to));
	fill_random(row.from, sizeof(row.from));
	if (p->v6)
		return row;
	memcpy(&from.src, ip + 12, 4);
	memcpy(&from.dst, ip + 16, 4);
	memcpy(&from.sport, p->b + p->l4 + (p->icmp ? ICMP_ID : 0), 2);
	memcpy(&from.dport, p->b + p->l4 + 2, 2);
	to = other_tuple(&from);
	rewrite_prepare(&row.rewrite, proto_of(p), &from, &to);
	return row;
}

static void enter_row(const struct house *h, const struct express_flow *row,
		      bool v6)
{
	struct gate_express lane = lane_of(h);
	const struct express_slot slot = { SLOT };

	lane.flows[SLOT] = *row;
	assert_int_equal(
		bpf_map_update_elem(v6 ? lane.express6_fd : lane.express4_fd,
				    v6 ? (const void *)&row->key6
				       : (const void *)&row->key,
				    &slot, BPF_ANY),
		0);
}

static void leave_row(const struct house *h, const struct express_flow *row,
		      bool v6)
{
	struct gate_express lane = lane_of(h);

	assert_int_equal(
		bpf_map_delete_elem(v6 ? lane.express6_fd : lane.express4_fd,
				    v6 ? (const void *)&row->key6
				       : (const void *)&row->key),
		0);
}

/* ---- three ways */

static void by_c(struct packet *p, const struct express_flow *row)
{
	uint8_t *ip = p->b + ETHER;

	memcpy(p->b, row->to, 6);
	memcpy(p->b + 6, row->from, 6);
	if (p->v6) {
		ip[7]--;
		return;
	}
	rewrite_ttl(ip, ip[8] - 1);
	rewrite_ipv4(ip, &row->rewrite);
	rewrite_l4(p->b + p->l4, p->len - p->l4, ip[9], &row->rewrite);
}

static int run(int prog, struct packet *p, void *ctx, uint32_t ctx_len)
{
	struct packet out = *p;
	LIBBPF_OPTS(bpf_test_run_opts, o, .data_in = p->b,
		    .data_size_in = p->len, .data_out = out.b,
		    .data_size_out = sizeof(out.b), .ctx_in = ctx,
		    .ctx_size_in = ctx_len, .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(prog, &o), 0);
	assert_int_equal(o.data_size_out, p->len);
	*p = out;
	return (int)o.retval;
}

static int by_xdp(const struct house *h, bool wan, struct packet *p)
{
	struct xdp_md ctx = { .data_end = p->len,
			      .ingress_ifindex = wan ? h->wan : h->lan };

	return run(gate_program(h->gate, wan ? GATE_WAN_XDP : GATE_LAN_XDP), p,
		   &ctx, sizeof(ctx));
}

static int by_tc(const struct house *h, bool wan, struct packet *p)
{
	struct __sk_buff ctx = { .ifindex = wan ? h->wan : h->lan };

	return run(gate_program(h->gate, wan ? GATE_WAN_TC : GATE_LAN_TC), p,
		   &ctx, sizeof(ctx));
}

static void assert_same(const struct packet *got, const struct packet *want,
			const char *who)
{
	for (uint32_t i = 0; i < want->len; i++)
		if (got->b[i] != want->b[i])
			fail_msg("%s: byte %u of %u is %02x instead of %02x "
				 "(%s%s)",
				 who, i, want->len, got->b[i], want->b[i],
				 want->v6 ? "IPv6 " : "",
				 want->icmp  ? "ICMP"
				 : want->tcp ? "TCP"
					     : "UDP");
}

/* Sums that were right are as if made anew. */
static void assert_sums(const struct packet *p)
{
	struct packet anew = *p;

	finish_sums(&anew);
	assert_same(p, &anew, "full sum");
}

static void one_round(struct house *h)
{
	bool wan = below(2), v6 = !below(4);
	const struct mac *owner = wan ? &wan_mac : &lan_mac;
	struct packet p = make_packet(v6, owner), xdp, tc, c;
	bool spoilt = spoil_sum(&p);
	struct express_flow row = make_row(&p, wan ? h->wan : h->lan,
					   wan ? h->lan : h->wan, owner);
	struct express_stats before = *STATS(h), after;

	xdp = tc = c = p;
	enter_row(h, &row, v6);
	assert_int_equal(by_xdp(h, wan, &xdp), XDP_REDIRECT);
	assert_int_equal(by_tc(h, wan, &tc), TC_ACT_REDIRECT);
	by_c(&c, &row);
	assert_same(&xdp, &c, "xdp");
	assert_same(&tc, &c, "tc");
	if (!spoilt)
		assert_sums(&c);
	after = *STATS(h);
	assert_int_equal(after.packets - before.packets, 2);
	assert_int_equal(after.bytes - before.bytes, 2 * (p.len - ETHER));
	leave_row(h, &row, v6);
}

/* What tc shall carry XDP passes on as it came, and counts nothing. */
static void test_xdp_leaves_to_tc_what_is_tcs(void **state)
{
	struct house *h = *state;

	for (unsigned i = 0; i < 100; i++) {
		bool wan = below(2), v6 = below(2);
		const struct mac *owner = wan ? &wan_mac : &lan_mac;
		struct packet p = make_packet(v6, owner), xdp = p;
		struct express_flow row =
			make_row(&p, wan ? h->wan : h->lan,
				 wan ? h->lan : h->wan, owner);
		struct express_stats before = *STATS(h);

		row.face = EXPRESS_FACE_TC;
		enter_row(h, &row, v6);
		assert_int_equal(by_xdp(h, wan, &xdp), XDP_PASS);
		assert_same(&xdp, &p, "xdp");
		assert_int_equal(STATS(h)->packets, before.packets);
		assert_int_equal(by_tc(h, wan, &p), TC_ACT_REDIRECT);
		leave_row(h, &row, v6);
	}
}

/* nat.md 24 */
static void test_nat24_three_rewrites_are_one(void **state)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		one_round(*state);
}

/* ---- what is special */

enum special {
	SYN,
	FIN,
	RST,
	FRAGMENT,
	LATER_FRAGMENT,
	OPTIONS,
	TTL,
	TOO_BIG,
	VLAN,
	OTHER_MAC,
	OTHER_PORT, /* or identifier */
	OTHER_TYPE,
	OTHER_TUPLE,
	SHORT,
	LYING,
	SPECIALS
};

/* Who asks does not answer, and an error has no identifier. */
static void not_that_echo(uint8_t *l4, bool v6)
{
	static const uint8_t others[] = { ICMP_ECHO, ICMP_ECHO_ANSWER,
					  ICMP_TIME_EXCEEDED };
	static const uint8_t others6[] = { ICMP6_ECHO_REQUEST, ICMP6_ECHO_REPLY,
					   ICMP6_TIME_EXCEEDED };
	uint8_t type = (v6 ? others6 : others)[below(3)];

	if (type == l4[0])
		l4[1] ^= 1; /* the code */
	l4[0] = type;
}

static void make_special(struct packet *p, struct express_flow *row,
			 enum special what, bool v6)
{
	uint8_t *ip = p->b + ETHER, *l4 = p->b + p->l4;
	static const uint8_t flags[] = { [SYN] = 2, [FIN] = 1, [RST] = 4 };

	switch (what) {
	case SYN:
	case FIN:
	case RST:
		l4[13] |= flags[what];
		break;
	case FRAGMENT:
		put16(ip + 6, 0x2000);
		break;
	case LATER_FRAGMENT:
		put16(ip + 6, 0x0010);
		break;
	case OPTIONS:
		ip[0] = 0x46;
		break;
	case TTL:
		ip[v6 ? 7 : 8] = (uint8_t)below(2);
		break;
	case TOO_BIG:
		row->mtu = (uint16_t)(p->len - ETHER - 1);
		break;
	case VLAN:
		memmove(p->b + 16, p->b + 12, p->len - 12);
		put16(p->b + 12, 0x8100);
		put16(p->b + 14, 7);
		p->len += 4;
		break;
	case OTHER_MAC:
		p->b[5] ^= 1;
		break;
	case OTHER_PORT:
		l4[p->icmp ? ICMP_ID : 1] ^= 1;
		break;
	case OTHER_TYPE:
		not_that_echo(l4, v6);
		break;
	case OTHER_TUPLE: /* the slot is another flow's by now */
		row->key.dport ^= 1;
		row->key6.dport ^= 1;
		break;
	case SHORT:
		p->len = p->l4 + UDP_HEADER - 1 - below(4);
		break;
	case LYING:
		put16(ip + (v6 ? 4 : 2), (uint16_t)(p->len + 40));
		break;
	case SPECIALS:
		break;
	}
}

static bool applies(enum special what, bool v6, const struct packet *p)
{
	if (what <= RST)
		return p->tcp;
	if (what == OTHER_TYPE)
		return p->icmp;
	return !v6 || what == TTL || what >= TOO_BIG;
}

static void leave_alone(struct house *h, enum special what)
{
	bool wan = below(2), v6 = below(2);
	const struct mac *owner = wan ? &wan_mac : &lan_mac;
	struct packet p = make_packet(v6, owner), xdp, tc;
	struct express_flow row = make_row(&p, wan ? h->wan : h->lan,
					   wan ? h->lan : h->wan, owner);
	struct express_flow good = row;
	uint64_t before = STATS(h)->packets;

	if (!applies(what, v6, &p))
		return;
	make_special(&p, &row, what, v6);
	xdp = tc = p;
	enter_row(h, &good, v6);
	lane_of(h).flows[SLOT] = row;
	by_xdp(h, wan, &xdp);
	assert_int_not_equal(by_tc(h, wan, &tc), TC_ACT_REDIRECT);
	assert_same(&xdp, &p, "xdp, special");
	assert_same(&tc, &p, "tc, special");
	assert_int_equal(STATS(h)->packets, before);
	leave_row(h, &good, v6);
}

static void test_special_headers_are_left_alone(void **state)
{
	for (unsigned i = 0; i < 100 * SPECIALS; i++)
		leave_alone(*state, i % SPECIALS);
}

/* Without a device that can send it, XDP leaves a frame whole. */
static void test_no_way_out_leaves_it_to_the_engine(void **state)
{
	struct house *h = *state;
	struct packet p = make_packet(false, &lan_mac), xdp = p;
	struct express_flow row = make_row(&p, h->lan, h->wan, &lan_mac);
	uint64_t before = STATS(h)->packets;

	assert_int_equal(gate_tx_set(h->gate, h->wan, false), 0);
	enter_row(h, &row, false);
	by_xdp(h, false, &xdp);
	assert_same(&xdp, &p, "xdp, no way out");
	assert_int_equal(STATS(h)->packets, before);
	leave_row(h, &row, false);
	assert_int_equal(gate_tx_set(h->gate, h->wan, true), 0);
}

static int lane_open(void **state)
{
	const char *seed = getenv("EXPRESS_SEED");
	struct house *h;

	if (house_open(state))
		return -1;
	h = *state;
	state_of_random = seed ? strtoull(seed, NULL, 0)
			       : (uint64_t)time(NULL) * 2654435761u + 1;
	print_message("EXPRESS_SEED=%llu\n",
		      (unsigned long long)state_of_random);
	assert_int_equal(gate_tx_set(h->gate, h->wan, true), 0);
	assert_int_equal(gate_tx_set(h->gate, h->lan, true), 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nat24_three_rewrites_are_one),
		cmocka_unit_test(test_xdp_leaves_to_tc_what_is_tcs),
		cmocka_unit_test(test_special_headers_are_left_alone),
		cmocka_unit_test(test_no_way_out_leaves_it_to_the_engine),
	};

	return cmocka_run_group_tests(tests, lane_open, house_close);
}
