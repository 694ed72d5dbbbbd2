/* test_port_mixed.c - houses with one end by AF_XDP and the other by nfqueue.
 */
#include "tests/unit/nfq_rig.h"

static int mixed(void **state, unsigned xdp)
{
	struct nfq_rig *r;
	struct engine_port *p;

	if (netns_enter(state))
		return -1;
	r = nfq_rig_build();
	p = &r->ports[xdp];
	r->gate.xsks_fd =
		bpf_map_create(BPF_MAP_TYPE_XSKMAP, "xsks", 4, 4,
			       GATE_PORTS_MAX * GATE_QUEUES_MAX, NULL);
	p->carrier = ENGINE_XDP;
	p->queues = 1;
	attach_all(p->ifname, r->gate.xsks_fd, p->slot);
	/* XDP takes frames as they are: their sums must be whole. */
	in_far(r, FAR_LAN, "ethtool -K lc tx off >/dev/null");
	in_far(r, FAR_WAN, "ethtool -K wc tx off >/dev/null");
	nfq_rig_start(r);
	*state = r;
	return 0;
}

static int mixed_lan(void **state)
{
	return mixed(state, 0);
}

static int mixed_wan(void **state)
{
	return mixed(state, 1);
}

static int teardown(void **state)
{
	nfq_rig_free(*state);
	return 0;
}

static void a_mixed_house_carries_both_ways(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53), one = 1;
	struct device_row d;

	exchange(r, lan, wan);
	setsockopt(wan, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one));
	send_to(lan, REMOTE, 53, "ask", 3);
	assert_int_equal(recv_ttl(r, wan), 63);
	close(lan);
	close(wan);
	big_datagrams(r);
	assert_int_equal(engine_devices(r->engine, &d, 1), 1);
	assert_mac(&d.mac, &mac_lc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mixed_house_carries_both_ways,
						mixed_lan, teardown),
		cmocka_unit_test_setup_teardown(a_mixed_house_carries_both_ways,
						mixed_wan, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
