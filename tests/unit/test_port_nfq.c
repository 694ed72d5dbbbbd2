/* test_port_nfq.c - packets really cross by nfqueue: single ones, super-packets
 * with unfinished checksums, fragments, errors; and what happens when nobody
 * is there to take them. */
#include "tests/unit/nfq_rig.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#define BULK (4u << 20)

static int setup(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = nfq_rig_build();
	nfq_rig_start(*state);
	return 0;
}

static int setup_by_mark(void **state)
{
	if (netns_enter(state))
		return -1;
	*state = nfq_rig_build();
	nfq_rig_by_mark(*state);
	nfq_rig_start(*state);
	return 0;
}

static int teardown(void **state)
{
	nfq_rig_free(*state);
	return 0;
}

/* ---- one packet after the other */

static void a_packet_goes_out_and_its_answer_comes_back(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);
	struct device_row d;
	struct engine_totals t;

	exchange(r, lan, wan);
	exchange(r, lan, wan);
	t = totals_when(r, 4);
	assert_int_equal(t.tx_packets, 2);
	assert_int_equal(t.tx_bytes, 2 * 31);
	assert_int_equal(t.rx_bytes, 2 * 34);
	assert_int_equal(t.mappings, 1);
	assert_int_equal(engine_devices(r->engine, &d, 1), 1);
	assert_mac(&d.mac, &mac_lc);
	assert_int_equal(d.tx_bytes, 2 * 31);
	assert_int_equal(d.rx_bytes, 2 * 34);
	assert_int_equal(drops_all(r), 0);
	assert_string_equal(engine_carrier(r->engine, r->ports[0].ifindex),
			    "nfqueue");
	close(lan);
	close(wan);
}

/* The kernel takes one off, and the engine none. */
static void it_is_one_hop(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53), one = 1;

	setsockopt(wan, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one));
	send_to(lan, REMOTE, 53, "ask", 3);
	assert_int_equal(recv_ttl(r, wan), 63);
	close(lan);
	close(wan);
}

/* By us, not by the kernel, which would speak of translated addresses. */
static void the_last_hop_is_told(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000), one = 1;
	struct sockaddr_in to = at(REMOTE, 53);
	uint8_t buf[64];

	setsockopt(lan, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
	setsockopt(lan, IPPROTO_IP, IP_TTL, &one, sizeof(one));
	assert_false(connect(lan, (struct sockaddr *)&to, sizeof(to)));
	assert_int_equal(send(lan, "short", 5, 0), 5);
	assert_true(readable(r, lan, DEADLINE));
	assert_int_equal(recv(lan, buf, sizeof(buf), 0), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	assert_int_equal(drops_of(r, DROP_TTL_EXCEEDED), 1);
	close(lan);
}

static void a_dead_neighbour_is_told(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000), one = 1;
	struct sockaddr_in to = at(WAN_MUTE, 53);
	const struct engine_command c = { .kind = CMD_NEIGH,
					  .ifindex = r->ports[1].ifindex,
					  .addr = addr_v4(htonl(WAN_MUTE)),
					  .failed = true };
	uint8_t buf[64];

	setsockopt(lan, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
	assert_false(connect(lan, (struct sockaddr *)&to, sizeof(to)));
	assert_int_equal(send(lan, "first", 5, 0), 5);
	totals_when(r, 1);
	for (unsigned i = 0; i < 100 && !readable(r, lan, 100); i++) {
		assert_true(engine_command(r->engine, &c));
		assert_int_equal(send(lan, "next", 4, 0), 4);
	}
	assert_int_equal(recv(lan, buf, sizeof(buf), 0), -1);
	assert_int_equal(errno, EHOSTUNREACH);
	assert_true(drops_of(r, DROP_NEIGH_FAILED) > 0);
	close(lan);
}

/* ---- fragments */

static void fragments_pass_both_ways(void **state)
{
	big_datagrams(*state);
}

/* A raw sender out there. */
static int raw_socket(struct nfq_rig *r, int far)
{
	int fd;

	enter_far(r, far);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	assert_true(fd >= 0);
	assert_false(setns(r->home, CLONE_NEWNET));
	return fd;
}

static void send_raw(int fd, const struct udp *u)
{
	struct sockaddr_in to = at(u->dst, 0);
	uint8_t buf[1600];
	size_t len = udp_write(u, buf, sizeof(buf)) - 14;

	assert_int_equal(sendto(fd, buf + 14, len, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 len);
}

/* The second half first: it is kept, and sent by us once the first came. */
static void fragments_out_of_order_wait(void **state)
{
	struct nfq_rig *r = *state;
	int raw = raw_socket(r, FAR_LAN);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);
	struct udp head = outbound, tail = outbound;
	uint8_t buf[1500] = { 0 }, whole[64] = { 0 };
	struct sockaddr_in to = at(REMOTE, 0);
	size_t len;

	/* 24 bytes of UDP behind the header, and 16 more in the second. */
	head.payload = 24;
	head.frag = 0x2000;
	len = udp_write(&head, buf, sizeof(buf)) - 14;
	buf[14 + 24] = 0;
	buf[14 + 25] = 8 + 24 + 16; /* the datagram's length */
	tail.frag = 4;		    /* 32 bytes on */
	tail.payload = 8;	    /* 16 bytes of IP payload */
	send_raw(raw, &tail);
	assert_false(readable(r, wan, 50));
	assert_int_equal(sendto(raw, buf + 14, len, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 len);
	assert_int_equal(recv_from(r, wan, whole, sizeof(whole), NULL, NULL),
			 40);
	close(raw);
	close(wan);
}

/* ---- super-packets */

static int tcp_pair(struct nfq_rig *r, int *lan, int *wan)
{
	int listener = far_socket(r, FAR_WAN, SOCK_STREAM, 80);
	struct sockaddr_in to = at(REMOTE, 80);

	*lan = far_socket(r, FAR_LAN, SOCK_STREAM, 4000);
	assert_false(listen(listener, 1));
	fcntl(*lan, F_SETFL, O_NONBLOCK);
	connect(*lan, (struct sockaddr *)&to, sizeof(to));
	assert_true(readable(r, listener, DEADLINE));
	*wan = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(*wan >= 0);
	return listener;
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 13));
}

/* Checks every byte. */
static void stream(struct nfq_rig *r, int from, int to)
{
	static uint8_t out[65536], in[65536];
	size_t sent = 0, got = 0;
	uint64_t end_ms = clock_ms() + 3 * DEADLINE;

	while (got < BULK && clock_ms() < end_ms) {
		size_t n =
			BULK - sent < sizeof(out) ? BULK - sent : sizeof(out);
		ssize_t done;

		for (size_t i = 0; i < n; i++)
			out[i] = byte_at(sent + i);
		done = n ? send(from, out, n, MSG_DONTWAIT) : 0;
		sent += done > 0 ? (size_t)done : 0;
		readable(r, to, done > 0 ? 0 : 10);
		done = recv(to, in, sizeof(in), MSG_DONTWAIT);
		for (ssize_t i = 0; i < done; i++)
			if (in[i] != byte_at(got + (size_t)i))
				fail_msg("byte %zu", got + (size_t)i);
		got += done > 0 ? (size_t)done : 0;
	}
	assert_int_equal(got, BULK);
}

/* Senders with segmentation and checksum offload, as veth's are by default. */
static void a_stream_crosses_in_super_packets(void **state)
{
	struct nfq_rig *r = *state;
	struct engine_totals t;
	int lan, wan, listener = tcp_pair(r, &lan, &wan);

	stream(r, lan, wan);
	stream(r, wan, lan);
	engine_totals(r->engine, &t);
	assert_true(t.tx_bytes > BULK && t.rx_bytes > BULK);
	assert_true(BULK / t.tx_packets > 1448);
	assert_int_equal(
		sh_prints("nft list counter inet rig by_out", "packets 0 "),
		!r->ports[0].by_mark);
	assert_int_equal(
		sh_prints("nft list counter inet rig by_in", "packets 0 "),
		!r->ports[0].by_mark);
	assert_int_equal(drops_of(r, DROP_BAD_CHECKSUM), 0);
	close(lan);
	close(wan);
	close(listener);
}

/* The receiver's kernel checks the sums of what is taken apart. */
static void udp_segments_arrive_whole(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53), size = 1000;
	uint8_t big[10000], got[2000];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = byte_at(i);
	if (setsockopt(lan, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		skip();
	send_to(lan, REMOTE, 53, big, sizeof(big));
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(
			recv_from(r, wan, got, sizeof(got), NULL, NULL), 1000);
		assert_memory_equal(got, big + i * 1000, 1000);
	}
	close(lan);
	close(wan);
}

/* Without checksum offload, and without a sum at all (RFC 768). */
static void long_packets_keep_their_sums(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53), one = 1;
	uint8_t big[1400], got[1500];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = byte_at(i);
	for (unsigned i = 0; i < 3; i++) {
		if (i == 1)
			setsockopt(lan, SOL_SOCKET, SO_NO_CHECK, &one,
				   sizeof(one));
		if (i == 2) {
			in_far(r, FAR_LAN, "ethtool -K lc tx off >/dev/null");
			in_far(r, FAR_WAN, "ethtool -K wc tx off >/dev/null");
		}
		send_to(lan, REMOTE, 53, big, sizeof(big));
		assert_int_equal(
			recv_from(r, wan, got, sizeof(got), NULL, NULL), 1400);
		assert_memory_equal(got, big, sizeof(big));
		send_to(wan, WAN_IP, 4000, big, sizeof(big));
		assert_int_equal(
			recv_from(r, lan, got, sizeof(got), NULL, NULL), 1400);
		assert_memory_equal(got, big, sizeof(big));
	}
	close(lan);
	close(wan);
}

/* ---- ours */

static void what_is_the_machines_own_stays_with_it(void **state)
{
	struct nfq_rig *r = *state;
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);
	int own = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = at(WAN_IP, 7777);
	static uint8_t big[4000], got[5000];
	uint32_t addr;

	assert_false(bind(own, (struct sockaddr *)&a, sizeof(a)));
	__atomic_store_n(&r->bits[1][gate_bits_word(GATE_BITS_UDP, 7777)],
			 gate_bits_mask(7777), __ATOMIC_RELAXED);
	send_to(wan, WAN_IP, 7777, big, sizeof(big)); /* in fragments */
	assert_int_equal(recv_from(r, own, got, sizeof(got), &addr, NULL),
			 sizeof(big));
	assert_int_equal(addr, REMOTE);
	close(own);
	close(wan);
}

/* ---- life */

static void without_an_engine_nothing_passes(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);

	exchange(r, lan, wan);
	for (unsigned i = 0; i < 3; i++) {
		nfq_rig_close(r);
		send_to(lan, REMOTE, 53, "lost", 4);
		send_to(wan, WAN_IP, 4000, "lost", 4);
		nfq_rig_open(r);
		assert_false(readable(r, wan, 20));
		assert_false(readable(r, lan, 20));
		assert_true(r->bits[0][gate_bits_word(GATE_BITS_UDP, 4000)] &
			    gate_bits_mask(4000));
		exchange(r, lan, wan);
	}
	close(lan);
	close(wan);
}

static unsigned drain(int fd)
{
	uint8_t buf[64];
	unsigned n = 0;

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

/* Faster than anybody can take them. */
static void every_packet_is_delivered_or_counted(void **state)
{
	struct nfq_rig *r = *state;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);
	int bytes = 64 << 20, sent = 20000;
	uint64_t got = 0, end_ms;

	setsockopt(wan, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	exchange(r, lan, wan);
	for (int i = 0; i < sent; i++)
		send_to(lan, REMOTE, 53, "flood", 5);
	end_ms = clock_ms() + DEADLINE;
	while (got + drops_all(r) < (uint64_t)sent && clock_ms() < end_ms)
		got += drain(wan);
	assert_int_equal(got + drops_all(r), sent);
	assert_int_equal(drops_all(r), drops_of(r, DROP_RX_FULL));
	close(lan);
	close(wan);
}

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void an_idle_engine_sleeps(void **state)
{
	struct nfq_rig *r = *state;
	uint64_t before;
	int lan = far_socket(r, FAR_LAN, SOCK_DGRAM, 4000);
	int wan = far_socket(r, FAR_WAN, SOCK_DGRAM, 53);

	exchange(r, lan, wan);
	usleep(20000);
	before = cpu_us();
	usleep(300000);
	assert_true(cpu_us() - before < 30000);
	close(lan);
	close(wan);
}

static void a_queue_that_another_holds_is_named(void **state)
{
	const struct engine_limits limits = ENGINE_LIMITS_DEFAULT;
	struct nfq_rig *r = *state;
	struct error err = { "" };
	uint32_t adopted;
	struct engine *e = engine_new(&limits, NULL, &adopted);

	assert_non_null(e);
	assert_int_equal(engine_open_ports(e, r->ports, 2, &r->gate, -1, &err),
			 -EBUSY);
	assert_string_equal(err.text, "gl: another program holds nfqueue "
				      "20480: stop that program");
	engine_free(e);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define M(name) cmocka_unit_test_setup_teardown(name, setup_by_mark, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_packet_goes_out_and_its_answer_comes_back),
		T(it_is_one_hop),
		T(the_last_hop_is_told),
		T(a_dead_neighbour_is_told),
		T(fragments_pass_both_ways),
		T(fragments_out_of_order_wait),
		T(a_stream_crosses_in_super_packets),
		T(udp_segments_arrive_whole),
		T(what_is_the_machines_own_stays_with_it),
		T(without_an_engine_nothing_passes),
		T(every_packet_is_delivered_or_counted),
		T(an_idle_engine_sleeps),
		T(a_queue_that_another_holds_is_named),
		M(a_packet_goes_out_and_its_answer_comes_back),
		M(the_last_hop_is_told),
		M(fragments_pass_both_ways),
		M(fragments_out_of_order_wait),
		M(a_stream_crosses_in_super_packets),
		M(udp_segments_arrive_whole),
		M(long_packets_keep_their_sums),
		M(what_is_the_machines_own_stays_with_it),
		M(without_an_engine_nothing_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
