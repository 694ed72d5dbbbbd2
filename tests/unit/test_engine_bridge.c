/* test_engine_bridge.c - a LAN of two ports: hosts that move, cables that are
 * pulled, and what is left to the kernel's bridge. */
#include "tests/unit/engine_rig.h"

#include "ctl/base/answers.h"

static int setup(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = rig_make(1, 1, "lan");
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void a_host_that_roams_is_followed(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(answered_at(r, r->lc));
	assert_int_equal(r->fdb_used, 1);
	assert_int_equal(r->fdb_port, if_nametoindex("gl"));
	assert_mac(&r->fdb_mac, &mac_lc);
	assert_false(udp_recv(r, r->lc2, &u, 150));

	udp_send(r->lc2, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(answered_at(r, r->lc2));
	assert_int_equal(r->fdb_used, 2);
	assert_int_equal(r->fdb_port, if_nametoindex("gl2"));
	assert_false(udp_recv(r, r->lc, &u, 50));
}

static void tell_fdb(struct rig *r, const char *port, bool gone)
{
	const struct engine_command c = { .kind = CMD_FDB,
					  .ifindex = if_nametoindex(port),
					  .mac = mac_lc,
					  .gone = gone };

	assert_true(engine_command(r->engine, &c));
	usleep(20000);
}

static void a_host_that_only_the_kernel_saw_roam_is_followed(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(answered_at(r, r->lc));
	tell_fdb(r, "gl2", false);
	assert_true(answered_at(r, r->lc2));
	assert_false(udp_recv(r, r->lc, &u, 50));
	tell_fdb(r, "gl", true); /* old news */
	assert_true(answered_at(r, r->lc2));
	assert_false(udp_recv(r, r->lc, &u, 50));
	tell_fdb(r, "gl2", true);
	assert_true(answered_at(r, r->lc)); /* the bridge floods */
	assert_true(udp_recv(r, r->lc2, &u, 1000));
	assert_int_equal(r->fdb_used, 1); /* nothing was told back */
}

static void set_running(struct rig *r, const char *port, bool running)
{
	engine_set_running(r->engine, if_nametoindex(port), running);
}

static void a_member_without_a_carrier_is_left_to_the_bridge(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(answered_at(r, r->lc));
	set_running(r, "gl", false);
	assert_true(answered_at(r, r->lc2)); /* the bridge floods */
	assert_true(udp_recv(r, r->lc, &u, 1000));
	set_running(r, "gl", true);
	assert_true(answered_at(r, r->lc));
	assert_false(udp_recv(r, r->lc2, &u, 50));
}

static void nothing_is_carried_where_there_is_no_carrier(void **state)
{
	struct rig *r = *state;
	struct engine_totals t;
	struct device_row d;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(answered_at(r, r->lc));
	set_running(r, "gl", false);
	set_running(r, "gl2", false);
	assert_false(answered_at(r, r->lc));
	assert_int_equal(dropped(r, DROP_NEIGH_FAILED), 1);
	set_running(r, "gw", false);
	udp_send(r->lc, &outbound);
	assert_false(udp_recv(r, r->wc, &u, 100));
	assert_int_equal(dropped(r, DROP_NO_WAN), 1);
	t = totals_of(r, 2);
	assert_int_equal(t.rx_packets, 1);
	assert_int_equal(t.tx_packets, 1);
	assert_int_equal(engine_devices(r->engine, &d, 1), 1);
	assert_int_equal(d.rx_packets, 1);
	assert_int_equal(d.tx_packets, 1);
	set_running(r, "gw", true);
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
}

static void an_unknown_port_is_left_to_the_bridge(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	rig_stop(r);
	rig_close(r); /* forgets which port the host is behind */
	rig_open(r);
	udp_send(r->wc, &inbound);
	assert_true(udp_recv(r, r->lc, &u, 2000));
	assert_mac(&u.to, &mac_lc);
	assert_true(udp_recv(r, r->lc2, &u, 2000)); /* it floods */
	assert_int_equal(totals_of(r, 2).rx_packets, 1);
}

static int change(struct rig *r, unsigned n)
{
	struct error err = { "" };
	int rc;

	engine_stop(r->engine); /* it may say that a port is gone */
	rc = engine_change_ports(r->engine, r->ports, n, &err);
	if (rc != -EAGAIN)
		assert_false(engine_start(r->engine));
	return rc;
}

/* The other end of lc2 goes and comes: gl and gw keep their sockets, and what
 * came for them while the engine stood still is not lost. */
static void one_port_goes_and_the_others_stay_open(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	close(r->lc2);
	sh("ip link del gl2");
	engine_stop(r->engine);
	udp_send(r->wc, &inbound);
	assert_false(engine_start(r->engine));
	assert_int_equal(change(r, 2), 0);
	assert_true(udp_recv(r, r->lc, &u, 2000));
	assert_null(engine_carrier(r->engine, r->ports[2].ifindex));
	assert_null(engine_carrier(r->engine, 0));
	assert_true(answered_at(r, r->lc));

	sh("ip link add name gl2 type veth peer name lc2;"
	   "ip link set lc2 up; ip link set gl2 master lan up");
	r->ports_n = 2;
	add_port(r, "gl2", false, 1);
	r->lc2 = packet_socket("lc2");
	assert_int_equal(change(r, 3), 0);
	assert_string_equal(engine_carrier(r->engine, r->ports[2].ifindex),
			    "xdp-copy");
	udp_send(r->lc2, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(answered_at(r, r->lc2));
}

/* Its device lives: the memory's first socket would stay bound to it. */
static void a_port_that_is_only_left_takes_a_new_start(void **state)
{
	struct rig *r = *state;

	assert_int_equal(change(r, 2), -EAGAIN);
	assert_non_null(engine_carrier(r->engine, r->ports[2].ifindex));
	assert_false(engine_start(r->engine));
	assert_int_equal(change(r, 3), 0);
}

/* No socket can join a memory whose first one lost its device. */
static void a_first_port_that_is_replaced_takes_a_new_start(void **state)
{
	struct rig *r = *state;
	struct error err = { "" };

	close(r->lc);
	sh("ip link del gl");
	engine_stop(r->engine);
	assert_int_equal(engine_change_ports(r->engine, r->ports + 1, 2, &err),
			 0);
	sh("ip link add name gl type veth peer name lc;"
	   "ip link set lc up; ip link set gl master lan up");
	r->ports[0].ifindex = if_nametoindex("gl");
	assert_int_equal(engine_change_ports(r->engine, r->ports, 3, &err),
			 -EAGAIN);
	rig_close(r);
	rig_open(r);
	r->lc = packet_socket("lc");
	assert_non_null(engine_carrier(r->engine, r->ports[0].ifindex));
}

static void a_port_that_cannot_be_opened_is_not_in_the_way(void **state)
{
	struct rig *r = *state;
	struct udp u;

	close(r->lc2);
	sh("ip link del gl2");
	assert_int_equal(change(r, 3), 0); /* it is open still */
	r->ports[2].ifindex++;
	assert_true(change(r, 3) < 0);
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_null(engine_carrier(r->engine, r->ports[2].ifindex));
	r->lc2 = packet_socket("lc");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* A question at lc; then the answer, sent to the engine as DNS does. */
static void resolve(struct rig *r, struct answers *a, bool roams)
{
	const struct udp question = { .from = mac_lc,
				      .to = mac_gl,
				      .src = LAN_HOST,
				      .dst = LAN_GW,
				      .sport = 4000,
				      .dport = 53,
				      .payload = 30,
				      .mark = 9 };
	struct pollfd bell = { .fd = answers_fd(a), .events = POLLIN };
	struct answers_question q;
	struct answers_reply *reply;

	udp_send(r->lc, &question);
	assert_int_equal(poll(&bell, 1, 2000), 1);
	answers_heard(a);
	assert_true(answers_next_question(a, &q));
	assert_int_equal(q.way.ifindex, if_nametoindex("gl"));
	if (roams)
		tell_fdb(r, "gl2", false);
	reply = answers_reply(a);
	assert_non_null(reply);
	*reply = (struct answers_reply){ q.way, q.from, q.to, 500, { 8 } };
	answers_reply_done(a);
	answers_replied(a);
}

static void assert_resolved(struct rig *r, int fd)
{
	struct udp u;

	assert_true(udp_recv(r, fd, &u, 2000));
	assert_mac(&u.to, &mac_lc);
	assert_mac(&u.from, &mac_gl);
	assert_int_equal(u.src, LAN_GW);
	assert_int_equal(u.dst, LAN_HOST);
	assert_int_equal(u.sport, 53);
	assert_int_equal(u.dport, 4000);
	assert_int_equal(u.payload, 500);
	assert_int_equal(u.mark, 8);
}

static void the_resolver_answers_by_the_port_of_who_asked(void **state)
{
	struct answers *a = answers_new();
	struct rig *r = *state;
	struct udp u;

	rig_stop(r);
	engine_set_answers(r->engine, a);
	assert_false(engine_start(r->engine));
	resolve(r, a, false);
	assert_resolved(r, r->lc);
	resolve(r, a, true);
	assert_resolved(r, r->lc2);
	assert_false(udp_recv(r, r->lc, &u, 50));
	rig_stop(r);
	engine_set_answers(r->engine, NULL);
	answers_free(a);
	assert_false(engine_start(r->engine));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_host_that_roams_is_followed),
		T(a_host_that_only_the_kernel_saw_roam_is_followed),
		T(a_member_without_a_carrier_is_left_to_the_bridge),
		T(nothing_is_carried_where_there_is_no_carrier),
		T(an_unknown_port_is_left_to_the_bridge),
		T(one_port_goes_and_the_others_stay_open),
		T(a_port_that_is_only_left_takes_a_new_start),
		T(a_first_port_that_is_replaced_takes_a_new_start),
		T(a_port_that_cannot_be_opened_is_not_in_the_way),
		T(the_resolver_answers_by_the_port_of_who_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
