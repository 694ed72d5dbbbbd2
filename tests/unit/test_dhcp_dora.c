/* test_dhcp_dora.c - what the server says to whom, and to whom it is silent. */
#include "dhcp_kit.h"
#include "../../ctl/dhcp/dora.h"

static struct dora server;
static struct dora_reply out;
static struct dhcp_msg reply; /* 'out' as the client reads it */

static int setup(void **state)
{
	(void)state;
	memset(&server, 0, sizeof(server));
	server.conf = kit_conf("255.255.255.0");
	return pool_new(&server.pool, &server.conf);
}

static int teardown(void **state)
{
	(void)state;
	pool_free(server.pool);
	return 0;
}

static enum dhcp_drop say(struct kit_msg *k, uint64_t now_ms)
{
	struct dhcp_msg m = kit_end(k);
	enum dhcp_drop drop = dora_handle(&server, &m, now_ms, &out);

	memset(&reply, 0, sizeof(reply));
	if (out.len)
		assert_int_equal(dhcp_msg_parse(&reply, out.bytes, out.len), 0);
	return drop;
}

static enum dhcp_drop discover_at(unsigned n, uint64_t now_ms)
{
	struct kit_msg k;

	kit_begin(&k, n, DHCP_DISCOVER, 0);
	return say(&k, now_ms);
}

static enum dhcp_drop discover(unsigned n)
{
	return discover_at(n, 0);
}

/* What is 0 is left out: the states of RFC 2131, 4.3.2, table 4. */
static enum dhcp_drop request(unsigned n, __be32 ciaddr, __be32 requested,
			      __be32 server_id)
{
	struct kit_msg k;

	kit_begin(&k, n, DHCP_REQUEST, ciaddr);
	if (requested)
		dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, requested);
	if (server_id)
		dhcp_msg_write_addr(&k.w, DHCP_OPT_SERVER_ID, server_id);
	return say(&k, 0);
}

static __be32 get_lease(unsigned n)
{
	assert_int_equal(discover(n), DHCP_DROP_NONE);
	assert_int_equal(reply.type, DHCP_OFFER);
	assert_int_equal(request(n, 0, reply.yiaddr, ip("10.77.0.1")),
			 DHCP_DROP_NONE);
	assert_int_equal(reply.type, DHCP_ACK);
	/* As a device does, it uses its address, and goes on. */
	pool_heard(server.pool, reply.yiaddr, &out.mac, 1);
	pool_heard(server.pool, reply.yiaddr, &out.mac, 1 + POOL_GRACE_MS);
	return reply.yiaddr;
}

static void assert_nak(void)
{
	assert_int_equal(reply.type, DHCP_NAK);
	assert_int_equal(reply.yiaddr, 0);
	assert_int_equal(out.way, DORA_BROADCAST);
	assert_false(out.durable);
	assert_int_equal(dhcp_msg_u32(&reply, DHCP_OPT_LEASE_TIME), 0);
}

static void four_steps_make_a_lease(void **state)
{
	__be32 addr;

	(void)state;
	assert_int_equal(discover(1), DHCP_DROP_NONE);
	addr = reply.yiaddr;
	assert_int_equal(reply.op, DHCP_OP_REPLY);
	assert_int_equal(reply.xid, KIT_XID);
	assert_int_equal(reply.type, DHCP_OFFER);
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_SERVER_ID),
			 ip("10.77.0.1"));
	assert_int_equal(dhcp_msg_u32(&reply, DHCP_OPT_LEASE_TIME), 86400);
	assert_int_equal(dhcp_msg_u32(&reply, DHCP_OPT_T1), 43200);
	assert_int_equal(dhcp_msg_u32(&reply, DHCP_OPT_T2), 75600);
	assert_int_equal(out.way, DORA_TO_MAC);
	assert_int_equal(out.ip, addr);
	assert_memory_equal(out.mac.b, kit_mac(1).b, 6);
	assert_false(out.durable);

	request(1, 0, addr, ip("10.77.0.1"));
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(reply.yiaddr, addr);
	assert_int_equal(reply.ciaddr, 0);
	assert_true(out.durable);
	assert_int_equal(out.way, DORA_TO_MAC);
}

static void a_client_that_has_its_address_is_answered_there(void **state)
{
	__be32 addr = get_lease(1);

	(void)state;
	request(1, addr, 0, 0); /* renewing, rebinding */
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(reply.ciaddr, addr);
	assert_int_equal(out.way, DORA_TO_ADDR);
	assert_int_equal(out.ip, addr);
	assert_true(out.durable);

	request(1, 0, addr, 0); /* after a reboot */
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(out.way, DORA_TO_MAC);
}

static void who_asks_for_what_is_not_his_starts_anew(void **state)
{
	__be32 addr = get_lease(1);

	(void)state;
	request(2, 0, addr, 0);
	assert_nak();
	request(2, addr, 0, 0);
	assert_nak();
	request(2, 0, addr, ip("10.77.0.1"));
	assert_nak();
	request(2, 0, ip("192.168.1.5"), 0);
	assert_nak();
	request(2, ip("192.168.1.5"), 0, 0);
	assert_nak();
	request(1, 0, ip("10.77.0.251"), 0);
	assert_nak();
	request(2, 0, ip("10.77.0.1"), 0);
	assert_nak();
}

static void a_lost_journal_costs_no_device_its_address(void **state)
{
	(void)state;
	request(1, 0, ip("10.77.0.99"), 0);
	assert_int_equal(reply.type, DHCP_ACK);
	request(2, ip("10.77.0.98"), 0, 0);
	assert_int_equal(reply.type, DHCP_ACK);
}

static void another_servers_client_is_let_go(void **state)
{
	struct lease_client c = kit_client(1);

	(void)state;
	discover(1);
	assert_non_null(pool_find(server.pool, &c));
	assert_int_equal(request(1, 0, reply.yiaddr, ip("10.77.0.2")),
			 DHCP_DROP_OTHER_SERVER);
	assert_int_equal(out.len, 0);
	assert_null(pool_find(server.pool, &c));
}

static void a_rival_silences_us_but_for_our_own(void **state)
{
	__be32 addr = get_lease(1);

	(void)state;
	server.silent = true;
	assert_int_equal(discover(1), DHCP_DROP_RIVAL);
	assert_int_equal(discover(2), DHCP_DROP_RIVAL);
	assert_int_equal(request(2, 0, addr, 0), DHCP_DROP_RIVAL);
	assert_int_equal(request(2, ip("10.77.0.99"), 0, 0), DHCP_DROP_RIVAL);
	assert_int_equal(request(1, addr, 0, 0), DHCP_DROP_NONE);
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(request(1, 0, addr, 0), DHCP_DROP_NONE);
	assert_int_equal(reply.type, DHCP_ACK);
}

static void what_is_no_clients_message_is_dropped(void **state)
{
	static const struct {
		uint8_t op, htype, hlen, first, type;
		uint32_t giaddr;
		enum dhcp_drop drop;
	} table[] = {
		{ 1, 1, 6, 2, DHCP_DISCOVER, 0, DHCP_DROP_NONE },
		{ 2, 1, 6, 2, DHCP_OFFER, 0, DHCP_DROP_NOT_REQUEST },
		{ 1, 6, 6, 2, DHCP_DISCOVER, 0, DHCP_DROP_BAD_HARDWARE },
		{ 1, 1, 16, 2, DHCP_DISCOVER, 0, DHCP_DROP_BAD_HARDWARE },
		{ 1, 1, 0, 2, DHCP_DISCOVER, 0, DHCP_DROP_BAD_HARDWARE },
		{ 1, 1, 6, 3, DHCP_DISCOVER, 0, DHCP_DROP_BAD_HARDWARE },
		{ 1, 1, 6, 2, DHCP_DISCOVER, 1, DHCP_DROP_RELAYED },
		{ 1, 1, 6, 2, DHCP_OFFER, 0, DHCP_DROP_BAD_TYPE },
		{ 1, 1, 6, 2, DHCP_ACK, 0, DHCP_DROP_BAD_TYPE },
		{ 1, 1, 6, 2, DHCP_NAK, 0, DHCP_DROP_BAD_TYPE },
		{ 1, 1, 6, 2, 0, 0, DHCP_DROP_BAD_TYPE },
		{ 1, 1, 6, 2, 99, 0, DHCP_DROP_BAD_TYPE },
		{ 1, 1, 6, 2, DHCP_REQUEST, 0, DHCP_DROP_MALFORMED },
		{ 1, 1, 6, 2, DHCP_DECLINE, 0, DHCP_DROP_OTHER_SERVER },
		{ 1, 1, 6, 2, DHCP_RELEASE, 0, DHCP_DROP_NOT_HOLDER },
		{ 1, 1, 6, 2, DHCP_INFORM, 0, DHCP_DROP_BAD_ADDRESS },
	};
	struct kit_msg k;
	struct dhcp_msg m;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		kit_begin(&k, 1, table[i].type, 0);
		m = kit_end(&k);
		m.op = table[i].op;
		m.htype = table[i].htype;
		m.hlen = table[i].hlen;
		m.chaddr[0] = table[i].first;
		m.giaddr = table[i].giaddr;
		assert_int_equal(dora_handle(&server, &m, 0, &out),
				 table[i].drop);
		assert_int_equal(out.len != 0, !table[i].drop);
	}
}

static void the_broadcast_flag_is_obeyed(void **state)
{
	struct kit_msg k;

	(void)state;
	kit_begin(&k, 1, DHCP_DISCOVER, 0);
	k.bytes[10] = 0x80;
	say(&k, 0);
	assert_int_equal(reply.flags, DHCP_BROADCAST);
	assert_int_equal(out.way, DORA_BROADCAST);
}

/* The codes of a reply's options, in order. */
static unsigned codes(uint8_t list[64])
{
	struct rd r = reply.areas[0];
	unsigned n = 0;
	uint8_t code;

	while (rd_left(&r) && (code = rd_u8(&r)) != DHCP_OPT_END) {
		rd_skip(&r, rd_u8(&r));
		list[n++] = code;
	}
	return n;
}

static void options_come_in_the_clients_order(void **state)
{
	static const uint8_t wanted[] = { 119, 28, 3,  6, 12,  15, 26,
					  1,   28, 42, 0, 255, 53, 51 };
	static const uint8_t expected[] = { 53, 54, 51, 58, 59, 119, 28,
					    1,	3,  6,	12, 15, 26 };
	struct kit_msg k;
	uint8_t list[64];

	(void)state;
	get_lease(1);
	kit_begin(&k, 1, DHCP_REQUEST, reply.yiaddr);
	dhcp_msg_write_option(&k.w, DHCP_OPT_PARAMETERS, wanted,
			      sizeof(wanted));
	dhcp_msg_write_option(&k.w, DHCP_OPT_HOSTNAME, "TV", 2);
	say(&k, 0);
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(codes(list), sizeof(expected));
	assert_memory_equal(list, expected, sizeof(expected));
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_MASK),
			 ip("255.255.255.0"));
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_ROUTER),
			 ip("10.77.0.1"));
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_DNS), ip("10.77.0.1"));
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_BROADCAST),
			 ip("10.77.0.255"));
}

static void assert_option(uint8_t code, const void *value, size_t len)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(&reply, code, join);

	assert_int_equal(rd_left(&r), len);
	assert_memory_equal(r.p, value, len);
}

static void devices_learn_their_names(void **state)
{
	static const uint8_t wanted[] = { 12, 15, 119 };
	struct kit_msg k;
	unsigned n;

	(void)state;
	for (n = 1; n <= 2; n++) {
		kit_begin(&k, n, DHCP_REQUEST, ip("10.77.0.90") + htonl(n));
		dhcp_msg_write_option(&k.w, DHCP_OPT_HOSTNAME, "My TV.x", 7);
		dhcp_msg_write_option(&k.w, DHCP_OPT_PARAMETERS, wanted,
				      sizeof(wanted));
		say(&k, 0);
		assert_option(DHCP_OPT_HOSTNAME, "my-tv-2", n == 1 ? 5 : 7);
		assert_option(DHCP_OPT_DOMAIN, "lan", 3);
		assert_option(DHCP_OPT_SEARCH, "\3lan", 5);
	}
}

static void a_client_identifier_is_the_identity_and_is_echoed(void **state)
{
	static const uint8_t id[] = { 255, 1, 2, 3, 4, 0, 1 };
	__be32 addr[2];
	struct kit_msg k;
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) { /* one identity, two cards */
		kit_begin(&k, 1 + i, DHCP_DISCOVER, 0);
		dhcp_msg_write_option(&k.w, DHCP_OPT_CLIENT_ID, id, sizeof(id));
		say(&k, 0);
		assert_option(DHCP_OPT_CLIENT_ID, id, sizeof(id));
		addr[i] = reply.yiaddr;
	}
	assert_int_equal(addr[0], addr[1]);
	discover(1);
	assert_int_not_equal(reply.yiaddr, addr[0]);
}

static void a_monstrous_identifier_does_no_harm(void **state)
{
	static const uint8_t id[900] = { 1 };
	struct kit_msg k;

	(void)state;
	kit_begin(&k, 1, DHCP_DISCOVER, 0);
	dhcp_msg_write_option(&k.w, DHCP_OPT_CLIENT_ID, id, sizeof(id));
	assert_int_equal(say(&k, 0), DHCP_DROP_NONE);
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_MASK),
			 ip("255.255.255.0"));
	kit_begin(&k, 1, DHCP_DISCOVER, 0);
	dhcp_msg_write_option(&k.w, DHCP_OPT_CLIENT_ID, id, 255);
	assert_int_equal(say(&k, 0), DHCP_DROP_NONE);
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_ROUTER),
			 ip("10.77.0.1"));
}

static void shorter_leases_are_granted_longer_ones_not(void **state)
{
	static const uint32_t table[][2] = {
		{ 3600, 3600 }, { 86400, 86400 }, { 86401, 86400 },
		{ 1, 60 },	{ 0, 86400 },	  { 0xffffffff, 86400 },
	};
	struct kit_msg k;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		kit_begin(&k, 1, DHCP_DISCOVER, 0);
		dhcp_msg_write_be32(&k.w, DHCP_OPT_LEASE_TIME, table[i][0]);
		say(&k, 0);
		assert_int_equal(dhcp_msg_u32(&reply, DHCP_OPT_LEASE_TIME),
				 table[i][1]);
	}
}

static void informing_hosts_get_settings_and_no_lease(void **state)
{
	struct kit_msg k;
	unsigned at = 0;

	(void)state;
	kit_begin(&k, 1, DHCP_INFORM, ip("10.77.0.50"));
	assert_int_equal(say(&k, 0), DHCP_DROP_NONE);
	assert_int_equal(reply.type, DHCP_ACK);
	assert_int_equal(reply.yiaddr, 0);
	assert_int_equal(reply.ciaddr, ip("10.77.0.50"));
	assert_int_equal(out.way, DORA_TO_ADDR);
	assert_int_equal(out.ip, ip("10.77.0.50"));
	assert_false(out.durable);
	assert_int_equal(dhcp_msg_u32(&reply, DHCP_OPT_LEASE_TIME), 0);
	assert_int_equal(dhcp_msg_addr(&reply, DHCP_OPT_DNS), ip("10.77.0.1"));
	assert_null(pool_next(server.pool, &at));
	/* We are nobody's way to send packets elsewhere. */
	kit_begin(&k, 1, DHCP_INFORM, ip("8.8.8.8"));
	assert_int_equal(say(&k, 0), DHCP_DROP_BAD_ADDRESS);
	kit_begin(&k, 1, DHCP_INFORM, ip("10.77.0.255"));
	assert_int_equal(say(&k, 0), DHCP_DROP_BAD_ADDRESS);
}

static void released_and_declined_addresses_are_free_or_aside(void **state)
{
	__be32 addr = get_lease(1);
	struct kit_msg k;

	(void)state;
	kit_begin(&k, 2, DHCP_RELEASE, addr);
	assert_int_equal(say(&k, 0), DHCP_DROP_NOT_HOLDER);
	kit_begin(&k, 1, DHCP_RELEASE, addr);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_SERVER_ID, ip("10.77.0.1"));
	assert_int_equal(say(&k, 0), DHCP_DROP_NONE);
	assert_int_equal(out.len, 0);

	assert_int_equal(get_lease(1), addr);
	kit_begin(&k, 1, DHCP_DECLINE, 0);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_SERVER_ID, ip("10.77.0.1"));
	dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, addr);
	assert_int_equal(say(&k, 0), DHCP_DROP_NONE);
	assert_int_equal(out.len, 0);
	assert_int_not_equal(get_lease(1), addr);
}

static void no_address_left_is_said_now_and_then_and_counted(void **state)
{
	struct kit_msg k;
	unsigned n;

	(void)state;
	pool_free(server.pool);
	server.conf = kit_conf("255.255.255.248");
	assert_int_equal(pool_new(&server.pool, &server.conf), 0);
	for (n = 1; n <= 5; n++)
		get_lease(n);
	assert_int_equal(server.told_ms, 0);
	assert_int_equal(discover_at(6, 1), DHCP_DROP_NO_ADDRESS);
	assert_int_equal(server.told_ms, 1);
	assert_int_equal(discover_at(1, 2), DHCP_DROP_NONE); /* has one */
	kit_begin(&k, 1, DHCP_RELEASE, reply.yiaddr);
	assert_int_equal(say(&k, 3), DHCP_DROP_NONE);
	assert_int_equal(discover_at(6, 4), DHCP_DROP_NONE);
	assert_int_equal(discover_at(7, 5), DHCP_DROP_NO_ADDRESS);
	assert_int_equal(server.told_ms, 1); /* that there was one is no end */
	assert_int_equal(discover_at(8, DORA_TELL_MS), DHCP_DROP_NO_ADDRESS);
	assert_int_equal(server.told_ms, 1);
	for (n = 9; n < 12; n++)
		discover_at(n, 1 + DORA_TELL_MS);
	assert_int_equal(server.told_ms, 1 + DORA_TELL_MS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Its offer fell to others before it asked for the address at once: a refusal
 * is for who requests (RFC 2131, 3.1.4), not for who looks for a server. */
static void nobody_is_refused_what_it_only_looks_for(void **state)
{
	struct kit_msg k;
	unsigned n;

	(void)state;
	pool_free(server.pool);
	server.conf = kit_conf("255.255.255.240");
	assert_int_equal(pool_new(&server.pool, &server.conf), 0);
	assert_int_equal(discover(500), DHCP_DROP_NONE);
	for (n = 1; n <= 8; n++) {
		assert_int_equal(discover(n), DHCP_DROP_NONE);
		request(n, 0, reply.yiaddr, ip("10.77.0.1"));
		assert_int_equal(reply.type, DHCP_ACK);
	}
	kit_begin(&k, 500, DHCP_DISCOVER, 0);
	dhcp_msg_write_option(&k.w, DHCP_OPT_RAPID_COMMIT, "", 0);
	assert_int_equal(say(&k, 0), DHCP_DROP_NO_ADDRESS);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(four_steps_make_a_lease),
		CASE(a_client_that_has_its_address_is_answered_there),
		CASE(who_asks_for_what_is_not_his_starts_anew),
		CASE(a_lost_journal_costs_no_device_its_address),
		CASE(another_servers_client_is_let_go),
		CASE(a_rival_silences_us_but_for_our_own),
		CASE(what_is_no_clients_message_is_dropped),
		CASE(the_broadcast_flag_is_obeyed),
		CASE(options_come_in_the_clients_order),
		CASE(devices_learn_their_names),
		CASE(a_client_identifier_is_the_identity_and_is_echoed),
		CASE(a_monstrous_identifier_does_no_harm),
		CASE(shorter_leases_are_granted_longer_ones_not),
		CASE(informing_hosts_get_settings_and_no_lease),
		CASE(released_and_declined_addresses_are_free_or_aside),
		CASE(no_address_left_is_said_now_and_then_and_counted),
		CASE(nobody_is_refused_what_it_only_looks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
