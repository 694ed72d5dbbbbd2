/* test_stats.c - what is counted, for whom, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>

#include "ctl/engine/tap/stats.h"

#define DEVICES 4

static const struct hash_key key = { { 1, 2 } };

static int setup(void **state)
{
	*state = stats_new(DEVICES, &key);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	stats_free(*state);
	return 0;
}

static struct mac mac_of(uint8_t host)
{
	return (struct mac){ { 2, 0, 0, 0, 0, host } };
}

/* 100 bytes between LAN host 'host' and the world. */
static struct pkt packet(uint8_t host, bool to_lan)
{
	return (struct pkt){
		.len = 114,
		.l3_len = 100,
		.verdict = VERDICT_FORWARD,
		.device = addr_v4(htonl(0x0a4d0000u + host)),
		.to_lan = to_lan,
		.host_mac = mac_of(host),
	};
}

static void tap(struct stats *s, uint8_t host, bool to_lan, uint64_t now_ms)
{
	struct pkt p = packet(host, to_lan);

	stats_tap(s, &p, now_ms);
}

static bool find(const struct stats *s, uint8_t host, struct device_row *out)
{
	struct device_row rows[DEVICES];
	unsigned n = stats_devices(s, rows, DEVICES);
	struct mac m = mac_of(host);

	for (unsigned i = 0; i < n; i++)
		if (mac_eq(&rows[i].mac, &m)) {
			*out = rows[i];
			return true;
		}
	return false;
}

static void both_directions_count_for_the_host_and_the_boundary(void **state)
{
	struct stats *s = *state;
	struct engine_totals t = { 0 };
	struct device_row d;

	tap(s, 1, false, 1000);
	tap(s, 1, true, 1001);
	tap(s, 1, true, 1002);
	tap(s, 2, false, 1003);
	stats_totals(s, &t);
	assert_int_equal(t.tx_packets, 2);
	assert_int_equal(t.tx_bytes, 200);
	assert_int_equal(t.rx_packets, 2);
	assert_int_equal(t.rx_bytes, 200);
	assert_true(find(s, 1, &d));
	assert_int_equal(d.tx_bytes, 100);
	assert_int_equal(d.rx_bytes, 200);
	assert_int_equal(d.rx_packets, 2);
	assert_int_equal(d.last_seen_ms, 1002);
	assert_int_equal(ntohl(addr_to_v4(&d.addr)), 0x0a4d0001);
}

struct uncounted {
	const char *what;
	uint8_t verdict;
	uint16_t flags;
};

static void what_crosses_no_boundary_is_not_counted(void **state)
{
	static const struct uncounted table[] = {
		{ "hairpin", VERDICT_FORWARD, PKT_HAIRPIN },
		{ "our own ICMP error", VERDICT_FORWARD, PKT_REPLY },
		{ "into the machine's own stack", VERDICT_LOCAL, 0 },
		{ "held", VERDICT_HELD, 0 },
		{ "dropped", VERDICT_DROP, 0 },
	};
	struct stats *s = *state;
	struct engine_totals t = { 0 };
	struct device_row d;

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct pkt p = packet(1, false);

		p.verdict = table[i].verdict;
		p.flags = table[i].flags;
		stats_tap(s, &p, 1000);
		stats_totals(s, &t);
		if (t.tx_packets || find(s, 1, &d))
			fail_msg("counted: %s", table[i].what);
	}
}

static void drops_are_counted_by_reason(void **state)
{
	struct drop_row rows[DROP_REASONS];
	struct stats *s = *state;
	struct pkt p = packet(1, false);

	p.verdict = VERDICT_DROP;
	p.drop = DROP_TX_FULL;
	stats_tap(s, &p, 1000);
	p = (struct pkt){ .len = 60, .drop = DROP_MALFORMED };
	stats_tap(s, &p, 1000);
	stats_drop(s, DROP_TX_FULL, 2, 30);

	assert_int_equal(stats_drops(s, rows, DROP_REASONS), DROP_REASONS);
	assert_string_equal(rows[DROP_TX_FULL].reason, "tx_full");
	assert_int_equal(rows[DROP_TX_FULL].packets, 3);
	assert_int_equal(rows[DROP_TX_FULL].bytes, 130);
	assert_string_equal(rows[DROP_MALFORMED].reason, "malformed");
	assert_int_equal(rows[DROP_MALFORMED].bytes, 60);
	assert_int_equal(stats_drops(s, rows, 2), 2);
}

static void a_host_keeps_its_counters_when_its_address_changes(void **state)
{
	struct stats *s = *state;
	struct pkt p = packet(1, false);
	struct device_row d;

	stats_tap(s, &p, 1000);
	p.device = addr_v4(htonl(0x0a4d0063));
	stats_tap(s, &p, 2000);
	assert_true(find(s, 1, &d));
	assert_int_equal(d.tx_packets, 2);
	assert_int_equal(ntohl(addr_to_v4(&d.addr)), 0x0a4d0063);
}

/* It moves so much that it is no passer-by. */
static void settle(struct stats *s, uint8_t host, uint64_t now_ms)
{
	struct pkt p = packet(host, true);

	p.l3_len = STATS_SLIGHT_BYTES;
	stats_tap(s, &p, now_ms);
}

static void a_full_table_keeps_the_living(void **state)
{
	struct engine_totals t = { 0 };
	struct stats *s = *state;
	struct device_row d;

	for (uint8_t i = 1; i <= DEVICES; i++)
		settle(s, i, 1000);
	tap(s, 99, false, 2000);
	assert_false(find(s, 99, &d));
	stats_totals(s, &t);
	assert_int_equal(t.rx_packets, DEVICES);
	assert_int_equal(t.tx_packets, 1);

	tap(s, 1, false, 1000 + STATS_STALE_MS / 2);
	tap(s, 99, false, 1000 + STATS_STALE_MS);
	assert_true(find(s, 99, &d));
	assert_int_equal(d.tx_packets, 1);
	assert_true(find(s, 1, &d));
	assert_false(find(s, 2, &d));
}

static void made_up_addresses_do_not_keep_a_new_host_out(void **state)
{
	struct stats *s = *state;
	struct device_row d;

	settle(s, 1, 1000);
	for (uint8_t i = 100; i < 200; i++)
		tap(s, i, false, 1000u + i);
	settle(s, 2, 2000);
	for (uint8_t i = 100; i < 200; i++)
		tap(s, i, false, 2000u + i);
	assert_true(find(s, 1, &d));
	assert_int_equal(d.rx_bytes, STATS_SLIGHT_BYTES);
	assert_true(find(s, 2, &d));
	assert_int_equal(d.rx_bytes, STATS_SLIGHT_BYTES);
	assert_true(find(s, 199, &d)); /* the latest of the passers-by */
	assert_true(find(s, 198, &d));
	assert_false(find(s, 197, &d));
}

static void a_host_settles_by_many_small_packets(void **state)
{
	struct stats *s = *state;
	struct device_row d;

	for (unsigned i = 0; i <= STATS_SLIGHT_BYTES / 100; i++)
		tap(s, 1, i % 2, 1000); /* also within a millisecond */
	for (uint8_t i = 100; i < 200; i++)
		tap(s, i, false, 2000);
	assert_true(find(s, 1, &d));
}

static _Atomic bool stop;

/* Hosts that come and go; all they ever move is 100 bytes a packet. */
static void *writer(void *arg)
{
	struct stats *s = arg;
	uint64_t now_ms = 0;

	for (unsigned i = 0; !stop; i++) {
		now_ms += STATS_STALE_MS;
		tap(s, (uint8_t)(i % 200), false, now_ms);
	}
	return NULL;
}

static void a_reader_never_sees_counters_of_another_host(void **state)
{
	struct device_row rows[DEVICES];
	struct stats *s = *state;
	pthread_t thread;

	stop = false;
	pthread_create(&thread, NULL, writer, s);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned n = stats_devices(s, rows, DEVICES);

		for (unsigned i = 0; i < n; i++) {
			uint32_t host = ntohl(addr_to_v4(&rows[i].addr));

			assert_true(rows[i].tx_packets <= 1);
			assert_true(rows[i].tx_bytes <= 100);
			assert_true(!host || rows[i].mac.b[5] == (host & 0xff));
		}
	}
	stop = true;
	pthread_join(thread, NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_directions_count_for_the_host_and_the_boundary),
		T(what_crosses_no_boundary_is_not_counted),
		T(drops_are_counted_by_reason),
		T(a_host_keeps_its_counters_when_its_address_changes),
		T(a_full_table_keeps_the_living),
		T(made_up_addresses_do_not_keep_a_new_host_out),
		T(a_host_settles_by_many_small_packets),
		T(a_reader_never_sees_counters_of_another_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
