/* test_gate_punt.c - the gate at tc alone, with the engine's sockets behind a
 * pair of devices: who gets what, and programs that are put there and go. */
#include "house.h"

#include "ctl/link/journal.h"

#define MARK_FORGED 0x12345678u

static char journal_path[96];
static struct journal *journal;

static struct link_pair pair = { .near_name = "near0", .far_name = "far0" };
static const struct spec onward = { .src = LAN_HOST,
				    .dst = REMOTE,
				    .proto = IPPROTO_UDP,
				    .sport = 1000,
				    .dport = 2000 };

static struct gate_port_info lan_with(const struct house *h, uint32_t punt)
{
	return (struct gate_port_info){
		.ifindex = h->lan,
		.slot = LAN_SLOT,
		.mac = lan_mac,
		.addr = v4_of(LAN_GW),
		.net = v4_of("10.77.0.0"),
		.mask = v4_of("255.255.255.0"),
		.wan_addr = v4_of(WAN),
		.xdp = true,
		.punt = punt,
	};
}

static void punt(struct house *h)
{
	const struct gate_port_info lan = lan_with(h, pair.near);
	struct error err = { "" };

	assert_int_equal(gate_port_set(h->gate, &lan), 0);
	if (gate_attach_punt(h->gate, journal, &lan, "gatel", &pair, &err))
		fail_msg("%s", err.text);
}

static int begin(void **state)
{
	struct house *h = *state;
	struct error err = { "" };
	bool left;

	shell("ip link add near0 type veth peer name far0 &&"
	      "ip link set near0 up && ip link set far0 up");
	pair.near = if_nametoindex("near0");
	pair.far = if_nametoindex("far0");
	snprintf(journal_path, sizeof(journal_path), "%s.journal", h->bpffs);
	if (journal_open(&journal, journal_path, &left, &err))
		fail_msg("%s", err.text);
	punt(h);
	return 0;
}

static int end(void **state)
{
	struct house *h = *state;

	(void)gate_detach(h->gate, h->lan);
	assert_int_equal(journal_undo(journal), 0);
	journal_close(journal);
	unlink(journal_path);
	shell("ip link del near0");
	return 0;
}

/* What tc does with it, and the mark that it has then. */
static int asked(struct house *h, enum gate_program program, uint32_t ifindex,
		 uint32_t mark_before, const struct frame *f, uint32_t *mark)
{
	struct __sk_buff ctx = { .mark = mark_before, .ifindex = ifindex };
	struct __sk_buff out = { 0 };
	uint8_t bytes[FRAME_BYTES];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &out,
		    .ctx_size_out = sizeof(out), .data_in = f->b,
		    .data_size_in = f->len, .data_out = bytes,
		    .data_size_out = sizeof(bytes), .repeat = 1);

	assert_int_equal(
		bpf_prog_test_run_opts(gate_program(h->gate, program), &opts),
		0);
	assert_int_equal(opts.data_size_out, f->len);
	assert_memory_equal(bytes, f->b, f->len);
	*mark = out.mark;
	return (int)opts.retval;
}

static void the_engines_goes_into_the_pair(void **state)
{
	struct house *h = *state;
	struct frame f = frame_of(&onward, lan_mac.b);
	struct spec spoofed = onward, own = onward;
	uint32_t mark;

	assert_int_equal(asked(h, GATE_LAN_TC, h->lan, MARK_FORGED, &f, &mark),
			 TC_ACT_REDIRECT);
	own.dst = LAN_GW;
	f = frame_of(&own, lan_mac.b);
	assert_int_equal(asked(h, GATE_LAN_TC, h->lan, MARK_FORGED, &f, &mark),
			 TC_ACT_UNSPEC);
	assert_int_equal(mark, MARK_FORGED); /* somebody else's */
	spoofed.src = "192.0.2.7";
	f = frame_of(&spoofed, lan_mac.b);
	assert_int_equal(asked(h, GATE_LAN_TC, h->lan, MARK_FORGED, &f, &mark),
			 TC_ACT_SHOT);
}

static void what_the_engine_sends_goes_out_by_the_port(void **state)
{
	struct house *h = *state;
	struct frame f = frame_of(&onward, lan_mac.b);
	uint32_t mark;

	assert_int_equal(
		asked(h, GATE_PUNT_TC, pair.near, MARK_FORGED, &f, &mark),
		TC_ACT_REDIRECT);
	assert_int_equal(mark, GATE_MARK_LANE);
	/* Of no port's pair. */
	assert_int_equal(asked(h, GATE_PUNT_TC, h->wan, MARK_FORGED, &f, &mark),
			 TC_ACT_SHOT);
}

/* Rules drop what comes in without. */
static void the_kernels_has_a_mark_at_the_wan(void **state)
{
	static const struct spec echo = {
		.src = REMOTE, .dst = WAN, .proto = IPPROTO_ICMP, .type = 8
	};
	struct gate_port_info wan = {
		.ifindex = pair.near, /* no other test's port */
		.slot = WAN_SLOT,
		.wan = true,
		.mac = wan_mac,
		.addr = v4_of(WAN),
		.punt = pair.near,
	};
	struct house *h = *state;
	struct frame f = frame_of(&echo, wan_mac.b);
	uint32_t mark;

	assert_int_equal(gate_port_set(h->gate, &wan), 0);
	assert_int_equal(asked(h, GATE_WAN_TC, wan.ifindex, 0, &f, &mark),
			 TC_ACT_UNSPEC);
	assert_int_equal(mark, GATE_MARK_PASS);
	assert_int_equal(
		asked(h, GATE_WAN_TC, wan.ifindex, MARK_FORGED, &f, &mark),
		TC_ACT_UNSPEC);
	assert_int_equal(mark, MARK_FORGED); /* somebody else's */
	assert_int_equal(gate_port_del(h->gate, wan.ifindex), 0);
}

static int asked_far(struct house *h, uint32_t ifindex, const struct frame *f)
{
	struct xdp_md ctx = { .data_end = f->len, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .data_in = f->b,
		    .data_size_in = f->len, .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(
				 gate_program(h->gate, GATE_PUNT_XDP), &opts),
			 0);
	return (int)opts.retval;
}

static void the_far_end_hands_it_to_the_ports_sockets(void **state)
{
	struct house *h = *state;
	struct frame f = frame_of(&onward, lan_mac.b);
	uint32_t row = LAN_SLOT * GATE_QUEUES_MAX;

	assert_int_equal(asked_far(h, pair.far, &f), XDP_REDIRECT);
	assert_int_equal(asked_far(h, h->wan, &f), XDP_DROP);
	/* With nobody there it is nobody's. */
	assert_int_equal(bpf_map_delete_elem(gate_xsks_fd(h->gate), &row), 0);
	assert_int_equal(asked_far(h, pair.far, &f), XDP_DROP);
	assert_int_equal(bpf_map_update_elem(gate_xsks_fd(h->gate), &row,
					     &h->engine, BPF_ANY),
			 0);
}

static void all_programs_are_put_there_and_go(void **state)
{
	struct house *h = *state;

	assert_true(gate_attached(h->gate, h->lan));
	assert_true(gate_has_tc(h->gate, h->lan));
	shell("tc filter show dev gatel ingress | grep -q lan_tc");
	shell("tc filter show dev near0 ingress | grep -q punt_tc");
	shell("ip link show far0 | grep -q prog/xdp");
	shell("tc filter show dev far0 egress | grep -q punt_shut_tc");
	shell("! ip link show gatel | grep -q prog/xdp");
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	shell("! tc filter show dev gatel ingress | grep -q bpf");
	shell("! tc filter show dev near0 ingress | grep -q bpf");
	shell("! ip link show far0 | grep -q prog/xdp");
	shell("! tc filter show dev far0 egress | grep -q bpf");
}

static void a_stranger_who_takes_one_is_noticed(void **state)
{
	static const char *const ways[] = {
		"tc filter del dev gatel ingress",
		"tc filter del dev near0 ingress",
		"tc filter del dev far0 egress",
		"tc qdisc del dev near0 clsact",
	};
	struct house *h = *state;

	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		assert_true(gate_attached(h->gate, h->lan));
		shell(ways[i]);
		assert_false(gate_attached(h->gate, h->lan));
		punt(h);
	}
	assert_true(gate_attached(h->gate, h->lan));
}

/* The owner may want XDP at the port again, and back. */
static void xdp_and_the_pair_replace_each_other(void **state)
{
	struct house *h = *state;
	const struct gate_port_info lan = lan_with(h, 0);
	struct error err = { "" };

	if (gate_attach(h->gate, h->lan, "gatel", false, &err))
		fail_msg("%s", err.text);
	assert_int_equal(gate_port_set(h->gate, &lan), 0);
	shell("ip link show gatel | grep -q prog/xdp");
	shell("! ip link show far0 | grep -q prog/xdp");
	assert_true(gate_attached(h->gate, h->lan));
	punt(h);
	shell("! ip link show gatel | grep -q prog/xdp");
	shell("ip link show far0 | grep -q prog/xdp");
	assert_true(gate_attached(h->gate, h->lan));
}

static void rows_of_pairs_that_are_no_more_go(void **state)
{
	struct house *h = *state;
	const struct gate_punt stale = { .ifindex = 4711 };
	struct gate_punt row;
	char path[128];
	uint32_t key = 4712;
	int map;

	snprintf(path, sizeof(path), "%s/" INSTANCE "/v%d/punts", h->bpffs,
		 GATE_ABI);
	map = bpf_obj_get(path);
	assert_true(map >= 0);
	assert_int_equal(bpf_map_update_elem(map, &key, &stale, BPF_ANY), 0);
	gate_settle(h->gate);
	assert_int_not_equal(bpf_map_lookup_elem(map, &key, &row), 0);
	assert_int_equal(bpf_map_lookup_elem(map, &pair.near, &row), 0);
	assert_int_equal(row.ifindex, h->lan);
	assert_int_equal(bpf_map_lookup_elem(map, &pair.far, &row), 0);
	close(map);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_engines_goes_into_the_pair),
		TEST(what_the_engine_sends_goes_out_by_the_port),
		TEST(the_kernels_has_a_mark_at_the_wan),
		TEST(the_far_end_hands_it_to_the_ports_sockets),
		TEST(all_programs_are_put_there_and_go),
		TEST(a_stranger_who_takes_one_is_noticed),
		TEST(xdp_and_the_pair_replace_each_other),
		TEST(rows_of_pairs_that_are_no_more_go),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
