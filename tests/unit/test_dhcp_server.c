/* test_dhcp_server.c - the server on a cable: sockets, disk and rival. */
#include "dhcp_desk.h"

static void a_lease_is_on_disk_before_it_is_confirmed(void **state)
{
	const struct dhcp_lease *leases;

	(void)state;
	get_lease(1);
	assert_true(sh_prints("cat " PATH, "bind 10.77.0."));
	assert_true(sh_prints("cat " PATH, "02:00:00:00:00:01"));
	assert_int_equal(desk.came, 1);
	assert_int_equal(dhcp_leases(desk.server, &leases), 1);
	assert_string_equal(leases[0].hostname, "tv");
	assert_true(leases[0].expires_wall_s > clock_wall_ms() / 1000 + 86000);
}

static void a_restart_forgets_nothing(void **state)
{
	const struct dhcp_lease *leases;
	__be32 addr = get_lease(1);
	struct error err;

	(void)state;
	stop();
	assert_int_equal(start(&err), 0);
	assert_int_equal(dhcp_leases(desk.server, &leases), 1);
	assert_int_equal(leases[0].ip, addr);
	assert_int_equal(ask(1, DHCP_REQUEST, addr, 0, PATIENCE_MS).type,
			 DHCP_ACK);
}

static void a_taken_port_is_said(void **state)
{
	struct dhcp *first = desk.server;
	struct error err;

	(void)state;
	assert_int_equal(start(&err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "67"));
	desk.server = first;
}

static void another_network_is_told_to_clients(void **state)
{
	__be32 addr = get_lease(1);
	struct error err;

	(void)state;
	desk.conf.addr = ip("10.78.0.1");
	assert_int_equal(dhcp_configure(desk.server, &desk.conf, &err), 0);
	assert_int_equal(desk.went, 1);
	assert_int_equal(ask(1, DHCP_REQUEST, addr, 0, PATIENCE_MS).type,
			 DHCP_NAK);
	assert_int_equal(get_lease(1) & htonl(0xffffff00), ip("10.78.0.0"));

	desk.conf.mask = ip("255.255.255.255");
	assert_int_equal(dhcp_configure(desk.server, &desk.conf, &err),
			 -EINVAL);
}

static void another_port_takes_over(void **state)
{
	struct error err;

	(void)state;
	get_lease(1);
	sh("ip link del lan");
	sh("ip link add lan type veth peer name home");
	sh("ip link set lan up");
	sh("ip link set home up");
	close(desk.ear);
	desk.home = if_nametoindex("home");
	desk.ear = port67_ear(desk.home);
	desk.conf.ifindex = if_nametoindex("lan");
	assert_int_equal(dhcp_configure(desk.server, &desk.conf, &err), 0);
	get_lease(2);
}

static void junk_is_counted(void **state)
{
	const struct drop_row *drops;
	struct kit_msg k;

	(void)state;
	kit_begin(&k, 1, DHCP_DISCOVER, 0);
	k.bytes[236] ^= 1;
	send_from(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, &k);
	get_lease(1);
	assert_int_not_equal(dhcp_drops(desk.server, &drops), 0);
	assert_string_equal(drops[0].reason, "dhcp_malformed");
	assert_int_equal(drops[0].packets, 1);
	assert_int_equal(drops[0].bytes, wr_len(&k.w));
}

/* Another server's answer to the question that ours asks at its start. */
static void play_rival(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
					 .sin_port = htons(DHCP_SERVER_PORT) };
	uint8_t bytes[DHCP_MSG_MAX];
	struct dhcp_msg m;
	struct kit_msg k;
	ssize_t n = -1;

	desk.ear67 = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(
		setsockopt(desk.ear67, SOL_SOCKET, SO_BINDTODEVICE, "home", 5),
		0);
	assert_int_equal(
		bind(desk.ear67, (const struct sockaddr *)&any, sizeof(any)),
		0);
	while (n < 0) {
		turn();
		n = recv(desk.ear67, bytes, sizeof(bytes), MSG_DONTWAIT);
	}
	assert_int_equal(dhcp_msg_parse(&m, bytes, (size_t)n), 0);
	assert_int_equal(m.type, DHCP_DISCOVER);
	kit_begin(&k, 0, 0, 0);
	m.op = DHCP_OP_REPLY;
	k.w = wr_init(k.bytes, sizeof(k.bytes));
	dhcp_msg_write_head(&k.w, &m);
	dhcp_msg_write_u8(&k.w, DHCP_OPT_TYPE, DHCP_OFFER);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_SERVER_ID, ip("10.77.0.2"));
	kit_end(&k);
	send_from(DHCP_SERVER_PORT, DHCP_CLIENT_PORT, &k);
}

static void a_rival_is_found_and_not_spoken_over(void **state)
{
	uint64_t until_ms = clock_ms() + PATIENCE_MS;

	(void)state;
	play_rival();
	while (!desk.rival && clock_ms() < until_ms)
		turn();
	assert_int_equal(desk.rival, ip("10.77.0.2"));
	assert_int_equal(diary_at(dhcp_diary(desk.server), 0)->kind,
			 DIARY_RIVAL);
	assert_int_equal(ask(1, DHCP_DISCOVER, 0, 0, 700).type, 0);
}

static void a_stop_in_the_midst_of_writing_is_clean(void **state)
{
	struct kit_msg k;
	unsigned i;

	(void)state;
	get_lease(1);
	for (i = 0; i < 20; i++) {
		kit_begin(&k, 2 + i, DHCP_REQUEST, 0);
		dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED,
				    ip("10.77.0.200") + htonl(i));
		kit_end(&k);
		send_from(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, &k);
	}
	uv_run(&desk.loop, UV_RUN_NOWAIT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_lease_is_on_disk_before_it_is_confirmed),
		CASE(a_restart_forgets_nothing),
		CASE(a_taken_port_is_said),
		CASE(another_network_is_told_to_clients),
		CASE(another_port_takes_over),
		CASE(junk_is_counted),
		CASE(a_rival_is_found_and_not_spoken_over),
		CASE(a_stop_in_the_midst_of_writing_is_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
