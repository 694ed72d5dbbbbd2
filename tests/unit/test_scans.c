/* test_scans.c - who goes through the home or knocks at the world, under a
 * made-up clock: what fires the detectors, and what must not. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/analysis/scan_internet.h"
#include "../../ctl/analysis/scan_lan.h"

#define MINUTE_MS 60000ull
#define NOW	  1700000000000ull

static const struct mac piano = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } };

static struct mac made_up(unsigned n)
{
	return (struct mac){ { 2, 0, 1, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

/* ---- a scan of the home */

static __be32 home(unsigned n)
{
	return htonl(0x0a4d0000 + n);
}

/* That is what is told. */
static bool is_first(const struct scan_lan_asker *seen)
{
	return seen && seen->n == SCAN_LAN_TARGETS;
}

static void who_asks_for_all_scans_the_home(void **state)
{
	static struct scan_lan s;
	const struct scan_lan_asker *seen = NULL;
	unsigned i, told = 0;

	(void)state;
	for (i = 1; i < 255; i++) {
		seen = scan_lan_asked(&s, &piano, home(i), NOW + i);
		told += is_first(seen);
	}
	assert_int_equal(told, 1);
	assert_int_equal(seen->n, 254); /* it is followed to the end */
	assert_int_equal(seen->low, 0x0a4d0001);
	assert_int_equal(seen->high, 0x0a4d00fe);
	assert_int_equal(seen->began_ms, NOW + 1);
	assert_null(scan_lan_asked(&s, &piano, home(9), NOW + 300));
	for (i = 1; i < 255; i++) /* it goes on */
		told += is_first(scan_lan_asked(&s, &piano, home(i),
						NOW + MINUTE_MS + 1 + i));
	assert_int_equal(told, 2);
}

static void who_asks_for_some_does_not(void **state)
{
	static struct scan_lan s;
	unsigned i;

	(void)state;
	for (i = 0; i < 10000; i++) /* 40 of them, over and over */
		assert_null(
			scan_lan_asked(&s, &piano, home(1 + i % 40), NOW + i));
	memset(&s, 0, sizeof(s));
	for (i = 0; i < 250; i++) /* all of them, but slowly */
		assert_null(
			scan_lan_asked(&s, &piano, home(i), NOW + i * 2000));
}

static void made_up_askers_do_not_hide_a_scan(void **state)
{
	static struct scan_lan s;
	unsigned i, j, told = 0;
	struct mac mac;

	(void)state;
	for (i = 1; i < 255; i++) {
		told += is_first(scan_lan_asked(&s, &piano, home(i), NOW + i));
		for (j = 0; i > 2 && j < 100; j++) {
			mac = made_up(i * 100 + j);
			scan_lan_asked(&s, &mac, home(1), NOW + i);
		}
	}
	assert_int_equal(told, 1);
}

/* ---- a scan of the world */

static struct endpoint far(unsigned host, unsigned port)
{
	return (struct endpoint){ addr_v4(htonl(0xc6336400 + host)),
				  htons((uint16_t)port) };
}

static void many_hosts_at_one_port_are_a_scan(void **state)
{
	static struct scan_internet s;
	struct scan_found found;
	struct endpoint to;
	bool told = false;
	unsigned i;

	(void)state;
	for (i = 0; i < 100; i++) {
		to = far(i, 23);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	assert_false(scan_internet_look(&s, SCAN_TCP, NOW + 1000,
					&found)); /* too soon */
	assert_true(scan_internet_look(&s, SCAN_TCP, NOW + 4000, &found));
	assert_true(mac_eq(&found.mac, &piano));
	assert_int_equal(found.hosts, 100);
	assert_int_equal(found.ports, 1);
	assert_int_equal(ntohs(found.one.port), 23);
	assert_false(scan_internet_look(&s, SCAN_TCP, NOW + 4000,
					&found)); /* told */
	/* A worm opens more than are remembered, and never rests. */
	for (i = 5000; i < 15000 && !told; i++) {
		to = far(i, 23);
		scan_internet_opened(&s, &piano, &to, NOW + i);
		told = i % 1000 == 999 &&
		       scan_internet_look(&s, SCAN_TCP, NOW + i, &found);
	}
	assert_true(told && found.hosts >= SCAN_TCP);
}

static void many_ports_of_one_host_are_a_scan(void **state)
{
	static struct scan_internet s;
	struct scan_found found;
	struct endpoint to;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) { /* more than are remembered */
		to = far(9, 1 + i);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	assert_true(scan_internet_look(&s, SCAN_TCP, NOW + 5000, &found));
	assert_int_equal(found.hosts, 1);
	assert_int_equal(found.ports, SCAN_KNOCKS);
	to = far(9, 1);
	assert_true(addr_eq(&found.one.addr, &to.addr));
}

static void what_is_answered_is_no_scan(void **state)
{
	static struct scan_internet s;
	struct scan_found found;
	struct endpoint to;
	unsigned i;

	(void)state;
	for (i = 0; i < 400; i++) { /* a busy browser */
		to = far(i, 443);
		scan_internet_opened(&s, &piano, &to, NOW + i);
		if (i % 8)
			scan_internet_answered(&s, &piano, &to);
	}
	assert_false(scan_internet_look(&s, SCAN_TCP, NOW + 4000, &found));
}

static void peers_and_repetitions_are_no_scan(void **state)
{
	static struct scan_internet s;
	struct scan_found found;
	struct endpoint to;
	unsigned i;

	(void)state;
	for (i = 0; i < 500; i++) { /* peers that have gone, each elsewhere */
		to = far(i, 10000 + 7 * i);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	assert_false(scan_internet_look(&s, SCAN_TCP, NOW + 4000, &found));
	memset(&s, 0, sizeof(s));
	for (i = 0; i < 500; i++) { /* one that does not give up */
		to = far(9, 443 + i % 5);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	assert_false(scan_internet_look(&s, SCAN_TCP, NOW + 4000, &found));
	memset(&s, 0, sizeof(s));
	for (i = 0; i < 500; i++) { /* many, but over ten minutes */
		to = far(i, 23);
		scan_internet_opened(&s, &piano, &to, NOW + i * 1200);
		assert_false(scan_internet_look(&s, SCAN_TCP,
						NOW + i * 1200 + 3000, &found));
	}
}

/* What of it is usual by UDP: a traceroute, peers that have gone, and servers
 * that answer. */
static void by_udp_it_takes_more(void **state)
{
	static struct scan_internet s;
	struct scan_found found;
	struct endpoint to;
	unsigned i;

	(void)state;
	for (i = 0; i < 90; i++) {
		to = far(9, 33434 + i);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	for (i = 0; i < 150; i++) {
		to = far(i, 6881);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	for (i = 0; i < 200; i++) {
		to = far(i, 443);
		scan_internet_opened(&s, &piano, &to, NOW + i);
		scan_internet_answered(&s, &piano, &to);
	}
	assert_false(scan_internet_look(&s, SCAN_UDP, NOW + 4000, &found));
	memset(&s, 0, sizeof(s));
	for (i = 0; i < SCAN_UDP; i++) {
		to = far(i, 161);
		scan_internet_opened(&s, &piano, &to, NOW + i);
	}
	assert_true(scan_internet_look(&s, SCAN_UDP, NOW + 4000, &found));
	assert_int_equal(found.hosts, SCAN_UDP);
}

static void a_crowd_takes_turns(void **state)
{
	static struct scan_internet s;
	struct scan_found found;
	struct endpoint to;
	struct mac mac;
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		mac = made_up(i);
		to = far(1, 80);
		scan_internet_opened(&s, &mac, &to, NOW + i);
	}
	for (i = 0; i < 120; i++) {
		to = far(i, 23);
		scan_internet_opened(&s, &piano, &to, NOW + 1000 + i);
	}
	assert_true(scan_internet_look(&s, SCAN_TCP, NOW + 5000, &found));
	assert_true(mac_eq(&found.mac, &piano));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks_for_all_scans_the_home),
		cmocka_unit_test(who_asks_for_some_does_not),
		cmocka_unit_test(made_up_askers_do_not_hide_a_scan),
		cmocka_unit_test(many_hosts_at_one_port_are_a_scan),
		cmocka_unit_test(many_ports_of_one_host_are_a_scan),
		cmocka_unit_test(what_is_answered_is_no_scan),
		cmocka_unit_test(peers_and_repetitions_are_no_scan),
		cmocka_unit_test(by_udp_it_takes_more),
		cmocka_unit_test(a_crowd_takes_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
