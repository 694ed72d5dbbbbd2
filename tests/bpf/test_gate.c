/* test_gate.c - the gate's owner: pins, ports, networks, counters. */
#include "house.h"

#include <sys/stat.h>

static const struct spec to_engine = { .src = LAN_HOST,
				       .dst = REMOTE,
				       .proto = IPPROTO_UDP };
static const struct spec closed = {
	.src = REMOTE, .dst = WAN, .proto = IPPROTO_UDP, .dport = CLOSED
};

static bool pinned(const struct house *h, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" INSTANCE "/v%d/%s", h->bpffs,
		 GATE_ABI, name);
	return !stat(path, &st);
}

static bool instance_exists(const struct house *h)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" INSTANCE, h->bpffs);
	return !stat(path, &st);
}

static void test_maps_are_pinned_by_name(void **state)
{
	static const char *const names[] = { "claimed",	  "local_open",
					     "local_own", "kernel_nets",
					     "port_info", "xsks",
					     "drops",	  "lan_macs" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(pinned(*state, names[i]));
}

/* What a dump must show: a name for every field. */
static void test_dumps_have_field_names(void **state)
{
	static const struct {
		const char *map, *field;
	} shown[] = {
		{ "claimed", "bits" },	   { "local_open", "bits" },
		{ "local_own", "bits" },   { "kernel_nets", "prefixlen" },
		{ "kernel_nets", "kind" }, { "port_info", "wan_addr" },
		{ "port_info", "mac" },	   { "port_info", "slot" },
		{ "drops", "packets" },	   { "drops", "bytes" },
	};
	const struct house *h = *state;
	char command[256];

	for (unsigned i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		snprintf(command, sizeof(command),
			 "bpftool map dump pinned %s/" INSTANCE "/v%d/%s | "
			 "grep -q '\"%s\":'",
			 h->bpffs, GATE_ABI, shown[i].map, shown[i].field);
		shell(command);
	}
}

static void test_bitmaps_are_live(void **state)
{
	struct house *h = *state;
	uint64_t *bits = gate_local_open(h->gate);
	uint64_t old = bits[gate_bits_word(GATE_BITS_UDP, CLOSED)];

	assert_int_equal(house_asks_spec(h, true, &closed), DROP_WAN_CLOSED);
	bit_set(bits, GATE_BITS_UDP, CLOSED);
	assert_int_equal(house_asks_spec(h, true, &closed), PASS);
	bits[gate_bits_word(GATE_BITS_UDP, CLOSED)] = old;
	assert_int_equal(house_asks_spec(h, true, &closed), DROP_WAN_CLOSED);
}

static void test_nobody_at_the_socket_fails_closed(void **state)
{
	struct house *h = *state;
	uint32_t row = 0;

	struct frame f = frame_of(&to_engine, lan_mac.b);

	assert_int_equal(house_asks(h, false, &f), ENGINE);
	assert_int_equal(bpf_map_delete_elem(gate_xsks_fd(h->gate), &row), 0);
	assert_int_equal(house_asks_face(h, XDP, false, &f), DROP_ENGINE_AWAY);
	close(h->engine);
	house_engine(h);
	assert_int_equal(house_asks_spec(h, false, &to_engine), ENGINE);
}

static void test_unknown_port_fails_closed(void **state)
{
	struct house *h = *state;

	assert_int_equal(gate_port_del(h->gate, h->wan), 0);
	assert_int_equal(house_asks_spec(h, true, &closed), DROP_ENGINE_AWAY);
	assert_int_equal(gate_port_del(h->gate, h->wan), -ENOENT);
	house_ports(h);
	assert_int_equal(house_asks_spec(h, true, &closed), DROP_WAN_CLOSED);
}

static void test_slot_beyond_the_table(void **state)
{
	struct house *h = *state;
	struct gate_port_info p = { .ifindex = h->lan, .slot = GATE_PORTS_MAX };

	assert_int_equal(gate_port_set(h->gate, &p), -EINVAL);
}

static void test_networks_are_replaced(void **state)
{
	struct house *h = *state;
	struct spec routed = { .src = LAN_HOST,
			       .dst = "10.99.1.1",
			       .proto = IPPROTO_UDP };
	struct gate_prefix net = { .kind = GATE_KIND_ROUTED };

	assert_int_equal(house_asks_spec(h, false, &routed), PASS);
	assert_int_equal(gate_nets_set(h->gate, NULL, 0), 0);
	assert_int_equal(house_asks_spec(h, false, &routed), ENGINE);
	/* Host bits are no part of the network. */
	assert_true(prefix_parse("10.99.200.1/16", &net.prefix));
	assert_int_equal(gate_nets_set(h->gate, &net, 1), 0);
	assert_int_equal(house_asks_spec(h, false, &routed), PASS);
	/* A part of it takes its place. */
	assert_true(prefix_parse("10.99.1.0/24", &net.prefix));
	assert_int_equal(gate_nets_set(h->gate, &net, 1), 0);
	assert_int_equal(house_asks_spec(h, false, &routed), PASS);
	net.kind = GATE_KIND_WAN;
	assert_int_equal(gate_nets_set(h->gate, &net, 1), 0);
	assert_int_equal(house_asks_spec(h, false, &routed), ENGINE);
	house_nets(h);
	assert_int_equal(house_asks_spec(h, false, &routed), PASS);
}

/* From one full table to another that shares nothing with it. */
static void test_full_tables_are_exchanged(void **state)
{
	struct house *h = *state;
	struct gate_prefix *nets = calloc(GATE_NETS_MAX + 1, sizeof(*nets));
	struct spec first = { .src = LAN_HOST,
			      .dst = "172.16.0.0",
			      .proto = IPPROTO_UDP };
	struct spec second = { .src = LAN_HOST,
			       .dst = "172.17.0.0",
			       .proto = IPPROTO_UDP };

	assert_non_null(nets);
	for (unsigned half = 0; half < 2; half++) {
		for (uint32_t i = 0; i < GATE_NETS_MAX; i++) {
			uint32_t v4 = 0xac100000 + (half << 16) + i;

			nets[i].prefix.addr = addr_v4(htonl(v4));
			nets[i].prefix.len = 128;
			nets[i].kind = GATE_KIND_ROUTED;
		}
		assert_int_equal(gate_nets_set(h->gate, nets, GATE_NETS_MAX),
				 0);
	}
	assert_int_equal(house_asks_spec(h, false, &first), ENGINE);
	assert_int_equal(house_asks_spec(h, false, &second), PASS);
	assert_int_equal(gate_nets_set(h->gate, nets, GATE_NETS_MAX + 1),
			 -E2BIG);
	free(nets);
	house_nets(h);
}

static void test_detached_by_a_stranger_is_noticed(void **state)
{
	struct house *h = *state;
	struct error err;
	char path[128];
	int link;

	assert_true(gate_attached(h->gate, h->lan));
	snprintf(path, sizeof(path), "%s/" INSTANCE "/v%d/link_%u", h->bpffs,
		 GATE_ABI, h->lan);
	link = bpf_obj_get(path);
	assert_int_equal(bpf_link_detach(link), 0);
	close(link);
	assert_false(gate_attached(h->gate, h->lan));
	assert_int_equal(gate_attach(h->gate, h->lan, "gatel", false, &err), 0);
	assert_true(gate_attached(h->gate, h->lan));
}

static void test_detach_frees_the_port(void **state)
{
	struct house *h = *state;
	struct error err;
	char name[32];

	snprintf(name, sizeof(name), "link_%u", h->lan);
	assert_true(pinned(h, name));
	assert_int_equal(gate_detach(h->gate, h->lan), 0);
	assert_false(pinned(h, name));
	assert_false(gate_attached(h->gate, h->lan));
	shell("! ip link show gatel | grep -q xdp");
	assert_int_equal(gate_detach(h->gate, h->lan), -ENOENT);
	assert_int_equal(gate_attach(h->gate, h->lan, "gatel", false, &err), 0);
	shell("ip link show gatel | grep -q xdp");
}

static void test_foreign_program_is_named(void **state)
{
	struct house *h = *state;
	struct error err = { "" };
	uint32_t peer = if_nametoindex("peerl");

	assert_int_equal(bpf_xdp_attach((int)peer, h->wan_prog, 0, NULL), 0);
	assert_int_equal(gate_attach(h->gate, peer, "peerl", false, &err),
			 -EBUSY);
	assert_non_null(strstr(err.text, "peerl: "));
	assert_non_null(strstr(err.text, "\"wan_xdp\""));
	assert_int_equal(bpf_xdp_detach((int)peer, 0, NULL), 0);
	assert_int_equal(gate_attach(h->gate, peer, "peerl", false, &err), 0);
	assert_int_equal(gate_detach(h->gate, peer), 0);
}

static void test_port_without_native_xdp(void **state)
{
	struct house *h = *state;
	struct error err = { "" };

	shell("ip link add gatebr type bridge");
	assert_int_equal(gate_attach(h->gate, if_nametoindex("gatebr"),
				     "gatebr", false, &err),
			 -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "gatebr: "));
	shell("ip link del gatebr");
}

static void test_jumbo_frames_are_refused(void **state)
{
	struct house *h = *state;
	struct error err = { "" };

	shell("ip link add gatej mtu 9000 type veth peer name peerj mtu 9000");
	assert_true(gate_attach(h->gate, if_nametoindex("gatej"), "gatej",
				false, &err) < 0);
	assert_non_null(strstr(err.text, "MTU"));
	shell("ip link del gatej");
}

static void test_clean_removes_every_version(void **state)
{
	struct house *h = *state;
	struct error err;
	char path[128];

	snprintf(path, sizeof(path), "%s/" INSTANCE "/v0", h->bpffs);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/" INSTANCE "/v0/old", h->bpffs);
	assert_int_equal(bpf_obj_pin(gate_xsks_fd(h->gate), path), 0);
	assert_int_equal(gate_clean(h->bpffs, INSTANCE), 0);
	assert_false(instance_exists(h));
	assert_false(gate_attached(h->gate, h->wan));
	assert_int_equal(gate_clean(h->bpffs, INSTANCE), 0);
	/* A new gate beside the remains of the old one. */
	gate_close(h->gate);
	assert_int_equal(gate_open(&h->gate, h->bpffs, INSTANCE, &err), 0);
	assert_int_equal(gate_attach(h->gate, h->lan, "gatel", false, &err), 0);
}

static void test_close_leaves_nothing(void **state)
{
	struct house *h = *state;
	struct error err;

	gate_close(h->gate);
	assert_false(instance_exists(h));
	shell("! ip link show | grep -q xdp");
	assert_int_equal(gate_open(&h->gate, h->bpffs, INSTANCE, &err), 0);
}

static void test_what_cannot_open_says_why(void **state)
{
	struct house *h = *state;
	struct error err = { "" };
	struct gate *g;

	assert_int_equal(gate_open(&g, "/tmp", "x", &err), -ENODEV);
	assert_non_null(strstr(err.text, "mount -t bpf"));
	assert_int_equal(gate_open(&g, "/nowhere", "x", &err), -ENOENT);
	assert_non_null(strstr(err.text, "mount -t bpf"));
	assert_int_equal(gate_open(&g, h->bpffs, "a/b", &err), -EINVAL);
	assert_int_equal(gate_open(&g, h->bpffs, "..", &err), -EINVAL);
	assert_int_equal(gate_open(&g, h->bpffs, "", &err), -EINVAL);
	assert_non_null(strstr(err.text, "--name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps_are_pinned_by_name),
		cmocka_unit_test(test_dumps_have_field_names),
		cmocka_unit_test(test_bitmaps_are_live),
		cmocka_unit_test(test_nobody_at_the_socket_fails_closed),
		cmocka_unit_test(test_unknown_port_fails_closed),
		cmocka_unit_test(test_slot_beyond_the_table),
		cmocka_unit_test(test_networks_are_replaced),
		cmocka_unit_test(test_full_tables_are_exchanged),
		cmocka_unit_test(test_detached_by_a_stranger_is_noticed),
		cmocka_unit_test(test_detach_frees_the_port),
		cmocka_unit_test(test_foreign_program_is_named),
		cmocka_unit_test(test_port_without_native_xdp),
		cmocka_unit_test(test_jumbo_frames_are_refused),
		cmocka_unit_test(test_what_cannot_open_says_why),
		cmocka_unit_test(test_clean_removes_every_version),
		cmocka_unit_test(test_close_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
