/* test_dhcp_arp.c - the server on a cable with strangers: addresses that are in
 * use already, and conflicts. */
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "dhcp_desk.h"
#include "../../ctl/dhcp/arp_port.h"
#include "../../ctl/dhcp/probe.h"

/* A host with an address of its own choice. */
struct stranger {
	struct arp_port *port;
	struct mac mac;	 /* bears it … */
	__be32 ip;	 /* … 0: whatever is asked for */
	unsigned probes; /* heard */
	bool mute;
};

static void arp_send(struct stranger *s, const struct arp *a)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = (int)desk.home,
				  .sll_halen = 6 };
	uint8_t bytes[ARP_SIZE];
	struct wr w = wr_init(bytes, sizeof(bytes));

	(void)s;
	memset(ll.sll_addr, 0xff, 6);
	arp_write(&w, a);
	assert_int_equal(sendto(desk.ear, bytes, sizeof(bytes), 0,
				(struct sockaddr *)&ll, sizeof(ll)),
			 sizeof(bytes));
}

static void on_stranger(void *arg, const struct arp *a)
{
	struct stranger *s = arg;
	struct arp claim = { .op = ARP_REPLY,
			     .sender = s->mac,
			     .sender_ip = a->target_ip,
			     .target = a->sender };

	if (a->op != ARP_REQUEST || a->sender_ip)
		return;
	s->probes++;
	if (!s->ip)
		s->ip = a->target_ip;
	if (!s->mute && s->ip == a->target_ip)
		arp_send(s, &claim);
}

static void probing(struct stranger *s)
{
	struct error err;

	desk.conf.probe = true;
	assert_int_equal(dhcp_configure(desk.server, &desk.conf, &err), 0);
	assert_int_equal(arp_port_open(&s->port, &desk.loop, "home", desk.home,
				       on_stranger, s),
			 0);
}

static unsigned noted(enum diary_kind kind)
{
	const struct diary *diary = dhcp_diary(desk.server);
	unsigned i, n = 0;

	for (i = 0; i < diary_count(diary); i++)
		n += diary_at(diary, i)->kind == kind;
	return n;
}

static void an_address_that_answers_is_not_offered(void **state)
{
	struct stranger s = { .mac = kit_mac(77) };
	struct dhcp_fill fill;
	struct dhcp_msg m;

	(void)state;
	probing(&s);
	m = ask(1, DHCP_DISCOVER, 0, 0, PATIENCE_MS);
	assert_int_equal(m.type, DHCP_OFFER);
	assert_true(s.ip && m.yiaddr != s.ip);
	assert_int_equal(noted(DIARY_IN_USE), 1);
	dhcp_fill(desk.server, &fill);
	assert_int_equal(fill.declined, 1);
	arp_port_close(s.port);
}

static void an_address_that_is_free_is_asked_for_twice_once(void **state)
{
	struct stranger s = { .mac = kit_mac(77), .mute = true };

	(void)state;
	probing(&s);
	get_lease(1);
	assert_int_equal(s.probes, 2);
	/* It is known to be free, or to be this client's. */
	assert_int_equal(ask(1, DHCP_DISCOVER, 0, 0, PATIENCE_MS).type,
			 DHCP_OFFER);
	assert_int_equal(s.probes, 2);
	arp_port_close(s.port);
}

static void who_is_asked_for_does_not_hold_up_the_others(void **state)
{
	struct stranger s = { .mac = kit_mac(77), .mute = true };
	uint64_t began_ms;
	struct kit_msg k;
	unsigned n, type;

	(void)state;
	get_lease(1);
	probing(&s);
	for (n = 2; n < 40; n++) {
		kit_begin(&k, n, DHCP_DISCOVER, 0);
		kit_end(&k);
		send_from(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, &k);
	}
	/* All wait side by side; one that waits for nothing is served. */
	assert_int_equal(ask(1, DHCP_DISCOVER, 0, 0, PATIENCE_MS).type,
			 DHCP_OFFER);
	began_ms = clock_ms();
	type = hear(39, PATIENCE_MS).type;
	assert_int_equal(type, DHCP_OFFER);
	assert_true(clock_ms() - began_ms < 38 * PROBE_MS);
	arp_port_close(s.port);
}

static void a_client_that_has_the_address_itself_is_offered_it(void **state)
{
	struct stranger s = { .mac = kit_mac(1) };
	struct dhcp_msg m;

	(void)state;
	probing(&s);
	m = ask(1, DHCP_DISCOVER, 0, 0, PATIENCE_MS);
	assert_int_equal(m.type, DHCP_OFFER);
	assert_int_equal(m.yiaddr, s.ip);
	arp_port_close(s.port);
}

static void conflicts_are_noted(void **state)
{
	struct stranger s = { .mac = kit_mac(77), .mute = true };
	struct arp a = { .op = ARP_REQUEST };
	uint64_t until_ms = clock_ms() + PATIENCE_MS;

	(void)state;
	a.sender_ip = a.target_ip = get_lease(1);
	a.sender = kit_mac(1);
	arp_send(&s, &a);
	a.sender = kit_mac(2);
	arp_send(&s, &a);
	while (!noted(DIARY_CONFLICT) && clock_ms() < until_ms)
		turn();
	assert_int_equal(noted(DIARY_CONFLICT), 1);
	/* Our own address is worth a word at once. */
	a.sender_ip = desk.conf.addr;
	arp_send(&s, &a);
	while (noted(DIARY_CONFLICT) < 2 && clock_ms() < until_ms)
		turn();
	assert_int_equal(noted(DIARY_CONFLICT), 2);
	assert_int_equal(diary_at(dhcp_diary(desk.server), 0)->ip,
			 desk.conf.addr);
}

static void what_clients_decline_is_noted(void **state)
{
	uint64_t until_ms = clock_ms() + PATIENCE_MS;
	__be32 addr = get_lease(1);
	struct kit_msg k;

	(void)state;
	kit_begin(&k, 1, DHCP_DECLINE, 0);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, addr);
	dhcp_msg_write_addr(&k.w, DHCP_OPT_SERVER_ID, desk.conf.addr);
	kit_end(&k);
	send_from(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, &k);
	while (!noted(DIARY_DECLINED) && clock_ms() < until_ms)
		turn();
	assert_int_equal(noted(DIARY_DECLINED), 1);
	assert_int_equal(diary_at(dhcp_diary(desk.server), 0)->ip, addr);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_address_that_answers_is_not_offered),
		CASE(an_address_that_is_free_is_asked_for_twice_once),
		CASE(who_is_asked_for_does_not_hold_up_the_others),
		CASE(a_client_that_has_the_address_itself_is_offered_it),
		CASE(conflicts_are_noted),
		CASE(what_clients_decline_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
