/* test_engine.c - packets really cross: AF_XDP over virtual cables, the NAT,
 * neighbours, counters, and the life of the engine's thread. */
#include "tests/unit/engine_rig.h"

#include <sys/resource.h>

#include "ctl/engine/mailbox.h"

static int one_queue(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = rig_make(1, 1, "gl");
	return 0;
}

static int four_queues(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = rig_make(4, 4, "gl");
	return 0;
}

static int one_of_four_sends(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = rig_make(4, 1, "gl");
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static uint64_t dropped_all(struct rig *r)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < DROP_REASONS; i++)
		n += dropped(r, i);
	return n;
}

static void a_packet_goes_out_and_its_answer_comes_back(void **state)
{
	struct rig *r = *state;
	struct device_row d;
	struct engine_totals t;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_mac(&u.from, &mac_gw);
	assert_mac(&u.to, &mac_wc);
	assert_int_equal(u.src, WAN_IP);
	assert_int_equal(u.dst, REMOTE);
	assert_int_equal(u.sport, 4000);
	assert_int_equal(u.ttl, 63);

	udp_send(r->wc, &inbound);
	assert_true(udp_recv(r, r->lc, &u, 2000));
	assert_mac(&u.from, &mac_gl);
	assert_mac(&u.to, &mac_lc);
	assert_int_equal(u.dst, LAN_HOST);
	assert_int_equal(u.dport, 4000);

	t = totals_of(r, 2);
	assert_int_equal(t.tx_packets, 1);
	assert_int_equal(t.tx_bytes, 128);
	assert_int_equal(t.rx_bytes, 228);
	assert_int_equal(t.mappings, 1);
	assert_int_equal(engine_devices(r->engine, &d, 1), 1);
	assert_mac(&d.mac, &mac_lc);
	assert_int_equal(ntohl(addr_to_v4(&d.addr)), LAN_HOST);
	assert_int_equal(d.tx_bytes, 128);
	assert_int_equal(d.rx_bytes, 228);
	assert_int_equal(r->wanted, 2);
	assert_int_equal(dropped_all(r), 0);
}

static void a_new_flow_is_reported_once(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	totals_of(r, 2);
	rig_events(r);
	assert_int_equal(r->reports, 1);
	assert_int_equal(r->report.kind, REPORT_OPENED);
	assert_mac(&r->report.mac, &mac_lc);
	assert_true(r->report.outbound);
	assert_int_equal(ntohs(r->report.inside.port), 4000);
	assert_int_equal(ntohl(addr_to_v4(&r->report.remote.addr)), REMOTE);
	assert_in_range(clock_ms() - r->report.at_ms, 0, 10000);
}

static void reports_that_nobody_takes_are_counted(void **state)
{
	struct rig *r = *state;
	struct udp u = outbound;
	struct engine_totals t;
	unsigned sent = 0;

	udp_send(r->lc, &u);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	for (u = outbound; sent < 9000; sent++) {
		u.sport = (uint16_t)(5000 + sent);
		udp_send(r->lc, &u);
		if (sent % 64 == 63)
			usleep(2000);
	}
	usleep(50000);
	engine_totals(r->engine, &t);
	assert_true(t.sessions > 8500);
	rig_events(r);
	assert_true(t.reports_lost > 0);
	assert_int_equal(r->reports + t.reports_lost, t.sessions);
}

static void packets_wait_for_a_neighbour_and_keep_their_order(void **state)
{
	struct rig *r = *state;
	struct udp u = outbound;

	r->answers = false;
	for (u.mark = 0; u.mark < 5; u.mark++)
		udp_send(r->lc, &u);
	assert_false(udp_recv(r, r->wc, &u, 100));
	assert_int_equal(r->wanted, 1);

	r->answers = true;
	tell_neigh(r, &(struct engine_event){ .ifindex = r->conf.wan.ifindex,
					      .addr = addr_v4(htonl(WAN_GW)) });
	for (uint8_t i = 0; i < 5; i++) {
		assert_true(udp_recv(r, r->wc, &u, 2000));
		assert_int_equal(u.mark, i);
	}
}

static void a_dead_neighbour_is_told_to_lan_hosts_only(void **state)
{
	struct rig *r = *state;
	struct udp u = outbound;
	uint8_t buf[2048];

	u.dst = WAN_MUTE;
	udp_send(r->lc, &u);
	assert_true(rig_recv(r, r->lc, buf, sizeof(buf), 2000) > 70);
	assert_memory_equal(buf, mac_lc.b, 6);
	assert_int_equal(buf[23], IPPROTO_ICMP);
	assert_int_equal(buf[34], 3);	  /* unreachable: */
	assert_int_equal(buf[35], 1);	  /* host */
	assert_int_equal(buf[54 + 3], 2); /* quoted: from 10.77.0.2 */
	assert_int_equal(buf[42], 0x45);
	assert_int_equal(dropped(r, DROP_NEIGH_FAILED), 1);

	/* Inward: the host behind the mapping went away. */
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_true(engine_command(
		r->engine,
		&(struct engine_command){ .kind = CMD_NEIGH,
					  .ifindex = r->conf.lans[0].ifindex,
					  .addr = addr_v4(htonl(LAN_HOST)),
					  .failed = true }));
	usleep(50000);
	udp_send(r->wc, &inbound);
	assert_int_equal(rig_recv(r, r->wc, buf, sizeof(buf), 200), 0);
	assert_int_equal(dropped(r, DROP_NEIGH_FAILED), 2);
}

static void every_packet_is_delivered_or_counted(void **state)
{
	struct rig *r = *state;
	struct udp u = outbound;
	uint64_t got = 0;

	udp_send(r->lc, &u);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	u = outbound;
	for (unsigned i = 0; i < 20000; i++) {
		u.dport = (uint16_t)(1000 + i % 50);
		u.payload = (uint16_t)(1 + i % 1400);
		udp_send(r->lc, &u);
		while (i % 16 == 0 && udp_recv(r, r->wc, &(struct udp){ 0 }, 0))
			got++;
	}
	while (udp_recv(r, r->wc, &u, 200))
		got++;
	assert_true(got > 1000);
	assert_int_equal(totals_of(r, 20001).tx_packets + dropped_all(r),
			 20001);
	/* The far end's socket has a bound of its own. */
	assert_true(got <= 20000);
}

static void four_queues_carry_all_flows(void **state)
{
	struct rig *r = *state;
	bool seen[64] = { false };
	struct udp u = outbound;

	for (unsigned i = 0; i < 64; i++) {
		u.sport = (uint16_t)(5000 + i);
		u.mark = (uint8_t)i;
		udp_send(r->lc, &u);
		if (i == 0)
			assert_true(
				udp_recv(r, r->wc, &(struct udp){ 0 }, 2000));
	}
	seen[0] = true;
	for (unsigned i = 1; i < 64; i++) {
		assert_true(udp_recv(r, r->wc, &u, 2000));
		seen[u.mark] = true;
	}
	for (unsigned i = 0; i < 64; i++)
		assert_true(seen[i]);
}

static unsigned flows_arrived(struct rig *r, unsigned flows)
{
	struct udp u = outbound;
	unsigned n = 0;

	for (unsigned i = 0; i < flows; i++) {
		u.sport = (uint16_t)(5000 + i);
		udp_send(r->lc, &u);
	}
	while (udp_recv(r, r->wc, &u, 200))
		n++;
	return n;
}

static void queues_that_cannot_send_are_found_out(void **state)
{
	struct rig *r = *state;
	uint64_t lost;

	for (unsigned i = 0; i < 4; i++)
		flows_arrived(r, 8);
	lost = dropped(r, DROP_TX_FULL);
	assert_true(lost && lost < 32);
	assert_int_equal(flows_arrived(r, 64), 64);
	assert_int_equal(dropped(r, DROP_TX_FULL), lost);
}

static void what_is_the_machines_own_goes_to_the_tun(void **state)
{
	struct rig *r = *state;
	struct udp u = inbound;
	uint8_t frame[400], got[400];

	__atomic_store_n(&r->bits[1][gate_bits_word(GATE_BITS_UDP, 7777)],
			 gate_bits_mask(7777), __ATOMIC_RELAXED);
	u.dport = 7777;
	u.frag = 0x2000; /* the first of several */
	udp_send(r->wc, &u);
	assert_int_equal(rig_recv(r, r->tun[1], got, sizeof(got), 2000), 228);
	udp_write(&u, frame, sizeof(frame));
	assert_memory_equal(got, frame + 14, 228);
}

static void ports_are_reopened_and_mappings_stay(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	for (unsigned i = 0; i < 3; i++) {
		rig_stop(r);
		rig_close(r);
		memset(r->bits[0], 0, sizeof(r->bits[0]));
		rig_open(r);
		assert_true(r->bits[0][gate_bits_word(GATE_BITS_UDP, 4000)] &
			    gate_bits_mask(4000));
		assert_string_equal(
			engine_carrier(r->engine, if_nametoindex("gl")),
			"xdp-copy");
		assert_true(answered_at(r, r->lc));
	}
	assert_null(engine_carrier(r->engine, 9999));
}

static void a_link_that_goes_down_costs_packets_and_no_more(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	sh("ip link set gw down");
	for (unsigned i = 0; i < 3000; i++)
		udp_send(r->lc, &outbound);
	usleep(100000);
	assert_true(dropped(r, DROP_TX_FULL) > 0);
	sh("ip link set gw up; ip link set wc up");
	usleep(100000);
	udp_send(r->lc, &outbound); /* finds out that it is up again */
	usleep(20000);
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	sh("ip link del gw");
	for (unsigned i = 0; i < 3000; i++)
		udp_send(r->lc, &outbound);
	usleep(100000);
}

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void an_idle_engine_sleeps(void **state)
{
	struct rig *r = *state;
	struct udp u;
	uint64_t before;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	usleep(20000);
	before = cpu_us();
	usleep(500000);
	assert_true(cpu_us() - before < 5000);
}

struct dumped {
	unsigned calls, flows, mappings;
	uint64_t tx_bytes;
	uint16_t outside_port;
};

static void on_rows(void *arg, const struct engine_rows *rows)
{
	struct dumped *d = arg;

	d->calls++;
	if (rows->flows) {
		d->flows += rows->n;
		d->tx_bytes = rows->n ? rows->flows[0].tx_bytes : 0;
	} else {
		d->mappings += rows->n;
		if (rows->n)
			d->outside_port = ntohs(rows->mappings[0].outside.port);
	}
}

static void tables_are_copied_out_running_or_not(void **state)
{
	struct rig *r = *state;
	struct dumped d = { 0 };
	struct udp u = outbound;

	udp_send(r->lc, &u);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_false(engine_dump(r->engine, ENGINE_FLOWS, on_rows, &d));
	assert_false(engine_dump(r->engine, ENGINE_MAPPINGS, on_rows, &d));
	for (unsigned i = 0; i < 2000 && d.calls < 2; i++) {
		usleep(1000);
		rig_events(r);
	}
	assert_int_equal(d.calls, 2);
	assert_int_equal(d.flows, 1);
	assert_int_equal(d.tx_bytes, 128);
	assert_int_equal(d.mappings, 1);
	assert_int_equal(d.outside_port, 4000);

	assert_false(engine_dump(r->engine, ENGINE_FLOWS, on_rows, &d));
	rig_stop(r); /* whoever waits is served */
	rig_events(r);
	assert_int_equal(d.calls, 3);
	assert_false(engine_dump(r->engine, ENGINE_FLOWS, on_rows, &d));
	rig_events(r);
	assert_int_equal(d.calls, 4);
	assert_true(d.flows == 2 || d.flows == 3); /* stopped before a look */
}

/* ---- the flight recorder */

#define READERS (MAILBOX_EVENTS + 100)

static void on_read(void *arg, struct capture_read *r)
{
	unsigned *got = arg;

	assert_true(r->known && r->last);
	*got += r->len > 0;
}

/* Whom nobody listens to meanwhile finds what was copied for it. */
static void what_is_recorded_waits_for_who_asked(void **state)
{
	struct capture_read *reads = calloc(READERS, sizeof(*reads));
	struct rig *r = *state;
	unsigned got = 0, n;
	struct udp u;

	assert_non_null(reads);
	r->conf.capture_mib = 8;
	assert_false(engine_publish(r->engine, &r->conf));
	usleep(20000);
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	for (n = 0; n < READERS; n++) {
		reads[n].mac = mac_lc;
		while (engine_capture(r->engine, &reads[n], on_read, &got))
			usleep(1000);
	}
	usleep(50000);
	for (n = 0; n < 2000 && got < READERS; n++) {
		rig_events(r);
		usleep(1000);
	}
	assert_int_equal(got, READERS);
	free(reads);
}

static void a_new_wan_address_ends_old_sessions(void **state)
{
	struct rig *r = *state;
	struct udp u;

	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	r->conf.wan.addr = htonl(WAN_IP + 1);
	assert_false(engine_publish(r->engine, &r->conf));
	usleep(20000);
	udp_send(r->lc, &outbound);
	assert_true(udp_recv(r, r->wc, &u, 2000));
	assert_int_equal(u.src, WAN_IP + 1);
	assert_int_equal(totals_of(r, 2).sessions, 1);
}

static void what_cannot_be_opened_is_said_in_a_sentence(void **state)
{
	const struct engine_limits limits = ENGINE_LIMITS_DEFAULT;
	struct rig *r = *state;
	struct engine *e = engine_new(&limits, NULL, &(uint32_t){ 0 });
	struct engine_port p = r->ports[0];
	struct error err = { "" };

	assert_non_null(e);
	assert_int_equal(engine_start(e), -EINVAL); /* nothing published */
	assert_int_equal(engine_open_ports(e, &p, 1, &r->gate, -1, &err),
			 -EBUSY);
	assert_string_equal(err.text,
			    "gl: another program's AF_XDP socket holds queue "
			    "0: stop that program");
	snprintf(p.ifname, sizeof(p.ifname), "nosuch");
	assert_int_equal(engine_open_ports(e, &p, 1, &r->gate, -1, &err),
			 -ENODEV);
	assert_string_equal(err.text, "nosuch: the interface is gone: plug it "
				      "in again");
	p.queues = 65;
	assert_int_equal(engine_open_ports(e, &p, 1, &r->gate, -1, &err),
			 -EINVAL);
	engine_free(e);
}

#define T(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_packet_goes_out_and_its_answer_comes_back, one_queue),
		T(a_new_flow_is_reported_once, one_queue),
		T(reports_that_nobody_takes_are_counted, one_queue),
		T(packets_wait_for_a_neighbour_and_keep_their_order, one_queue),
		T(a_dead_neighbour_is_told_to_lan_hosts_only, one_queue),
		T(every_packet_is_delivered_or_counted, one_queue),
		T(four_queues_carry_all_flows, four_queues),
		T(queues_that_cannot_send_are_found_out, one_of_four_sends),
		T(what_is_the_machines_own_goes_to_the_tun, one_queue),
		T(ports_are_reopened_and_mappings_stay, one_queue),
		T(a_link_that_goes_down_costs_packets_and_no_more, one_queue),
		T(an_idle_engine_sleeps, one_queue),
		T(tables_are_copied_out_running_or_not, one_queue),
		T(what_is_recorded_waits_for_who_asked, one_queue),
		T(a_new_wan_address_ends_old_sessions, one_queue),
		T(what_cannot_be_opened_is_said_in_a_sentence, one_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
