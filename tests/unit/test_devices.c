/* test_devices.c - who is in the registry, who gives way to whom, and whether
 * all of it comes back from the file. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/devices/devices.h"

#define HOUR_MS (3600 * 1000ull)
#define DAY_MS	(24 * HOUR_MS)
#define NOW	(1700000000000ull)

static struct mac made_up(unsigned n)
{
	return (struct mac){ { 2, 0, 1, (uint8_t)(n >> 16), (uint8_t)(n >> 8),
			       (uint8_t)n } };
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

static void a_device_has_its_first_and_its_last_time(void **state)
{
	struct devices *d = devices_new();
	struct mac one = made_up(1), group = { { 1, 0, 0x5e, 0, 0, 0xfb } };
	const struct device *row;

	(void)state;
	assert_null(devices_find(d, &one));
	assert_int_equal(devices_began_ms(d), 0);
	assert_non_null(devices_seen(d, &one, NOW));
	assert_non_null(devices_seen(d, &one, NOW + 5));
	assert_null(devices_seen(d, &group, NOW));
	row = devices_find(d, &one);
	assert_int_equal(row->first_ms, NOW);
	assert_int_equal(row->last_ms, NOW + 5);
	assert_int_equal(devices_began_ms(d), NOW);
	assert_true(devices_changed(d));
	assert_false(devices_changed(d));
	devices_free(d);
}

static void the_home_began_no_later_than_now(void **state)
{
	struct devices *d = devices_new();
	struct mac one = made_up(1), two = made_up(2);

	(void)state;
	devices_seen(d, &one, NOW + 1000 * DAY_MS); /* the clock is wrong */
	devices_seen(d, &two, NOW);
	assert_int_equal(devices_began_ms(d), NOW);
	devices_free(d);
}

static void the_latest_ipv4_address_comes_first(void **state)
{
	struct devices *d = devices_new();
	struct mac one = made_up(1);
	struct addr a = addr_of("10.77.0.5"), b = addr_of("10.77.0.6"), v6;
	const struct device *row;
	char text[ADDR_STRLEN];
	unsigned i;

	(void)state;
	devices_has(d, &one, &a, NOW);
	devices_has(d, &one, &b, NOW + 1);
	for (i = 0; i < 20; i++) { /* privacy addresses come and go */
		snprintf(text, sizeof(text), "fd00::%x", i + 1);
		v6 = addr_of(text);
		devices_has(d, &one, &v6, NOW + i);
	}
	row = devices_find(d, &one);
	assert_true(addr_eq(&row->addrs[0].addr, &b));
	v6 = addr_of("fd00::14");
	for (i = 1; i < DEVICE_ADDRS_MAX; i++)
		assert_true(row->addrs[i].last_ms >= NOW + 13);
	devices_has(d, &one, &v6, NOW + 50);
	for (i = 1; i < DEVICE_ADDRS_MAX; i++)
		if (addr_eq(&row->addrs[i].addr, &v6))
			break;
	assert_int_equal(row->addrs[i].last_ms, NOW + 50);
	devices_free(d);
}

/* Settled devices and a guest of this hour; then a host makes up others. */
/* Against a look at all of them, while they come, go, settle, take addresses of
 * each other and are read from their file. */
static const struct device *at_by_hand(const struct devices *d,
				       const struct addr *addr)
{
	const struct device *rows, *best = NULL;
	unsigned n = devices_all(d, &rows);
	uint64_t best_ms = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < DEVICE_ADDRS_MAX; k++)
			if (addr_eq(&rows[i].addrs[k].addr, addr) &&
			    (!best || rows[i].addrs[k].last_ms > best_ms)) {
				best = &rows[i];
				best_ms = rows[i].addrs[k].last_ms;
			}
	return best;
}

static struct devices *read_anew(struct devices *d)
{
	struct devices *fresh = devices_new();
	size_t len;
	void *data = devices_write(d, &len);

	assert_int_equal(devices_read(fresh, data, len), 0);
	free(data);
	devices_free(d);
	return fresh;
}

static void an_address_is_its_latest_owners(void **state)
{
	struct devices *d = devices_new();
	struct addr none = addr_of("10.9.9.9"), zero = { 0 };
	uint64_t now = NOW;
	unsigned seed = 3;

	(void)state;
	assert_null(devices_at(d, &none));
	for (unsigned n = 0; n < 60000; n++) {
		struct mac mac = made_up((unsigned)rand_r(&seed) % 1500);
		char text[64];
		struct addr addr;

		snprintf(text, sizeof(text),
			 rand_r(&seed) % 2 ? "10.77.1.%u" : "fd00::%u",
			 (unsigned)rand_r(&seed) % 250);
		addr = addr_of(text);
		now += 1 + n % 7 * 60000;
		devices_has(d, &mac, &addr, now);
		if (n % 2000 == 1999)
			d = read_anew(d);
		if (n % 500 == 0)
			devices_forget(d, now);
		addr = addr_of("10.77.1.7");
		assert_ptr_equal(devices_at(d, &addr), at_by_hand(d, &addr));
		addr = addr_of(text);
		assert_ptr_equal(devices_at(d, &addr), at_by_hand(d, &addr));
	}
	assert_null(devices_at(d, &none));
	assert_null(devices_at(d, &zero));
	devices_free(d);
}

static void made_up_ones_push_nobody_out(void **state)
{
	struct devices *d = devices_new();
	const struct device *all;
	struct mac mac;
	unsigned i, settled = 0;

	(void)state;
	for (i = 0; i < 40; i++) {
		mac = made_up(i);
		devices_seen(d, &mac, NOW);
		devices_seen(d, &mac, NOW + HOUR_MS);
	}
	for (i = 0; i < 100000; i++) {
		mac = made_up(1000 + i);
		assert_non_null(devices_seen(d, &mac, NOW + HOUR_MS + i));
	}
	for (i = 0; i < 40; i++) {
		mac = made_up(i);
		assert_true(devices_find(d, &mac)->settled);
	}
	assert_int_equal(devices_all(d, &all), 40 + DEVICES_FRESH_MAX);
	for (i = 0; i < 40 + DEVICES_FRESH_MAX; i++)
		settled += all[i].settled;
	assert_int_equal(settled, 40);
	devices_free(d);
}

/* Many that stay: the places of the settled are all taken. */
static void the_settled_give_way_after_a_month_alone(void **state)
{
	const unsigned places = DEVICES_MAX - DEVICES_FRESH_MAX;
	struct devices *d = devices_new();
	const struct device *all, *row;
	struct mac mac, guest = made_up(90000), first = made_up(0);
	uint64_t later = NOW + HOUR_MS + DEVICES_AWAY_MS + 1;
	unsigned i;

	(void)state;
	for (i = 0; i < places; i++) {
		mac = made_up(i);
		devices_seen(d, &mac, NOW);
		devices_seen(d, &mac, NOW + HOUR_MS + i);
	}
	assert_int_equal(devices_all(d, &all), places);
	devices_seen(d, &guest, NOW + HOUR_MS);
	devices_seen(d, &guest, NOW + 3 * HOUR_MS);
	assert_false(devices_find(d, &guest)->settled);
	row = devices_seen(d, &guest, later);
	assert_true(row->settled);
	assert_true(mac_eq(&row->mac, &guest));
	assert_int_equal(row->first_ms, NOW + HOUR_MS);
	assert_null(devices_find(d, &first));
	assert_int_equal(devices_all(d, &all), places);
	for (i = 1; i < places; i++) { /* all others, each in its place */
		mac = made_up(i);
		assert_true(mac_eq(&devices_find(d, &mac)->mac, &mac));
	}
	devices_free(d);
}

static void who_did_not_stay_is_forgotten(void **state)
{
	struct devices *d = devices_new();
	const struct device *all;
	struct mac mac;
	unsigned i;

	(void)state;
	for (i = 0; i < 50; i++) { /* every fifth stays for an hour */
		mac = made_up(i);
		devices_seen(d, &mac, NOW);
		devices_seen(d, &mac, NOW + (i % 5 ? 1 : HOUR_MS));
	}
	devices_forget(d, NOW + 6 * DAY_MS);
	assert_int_equal(devices_all(d, &all), 50);
	devices_forget(d, NOW + 8 * DAY_MS);
	assert_int_equal(devices_all(d, &all), 10);
	for (i = 0; i < 50; i++) {
		mac = made_up(i);
		assert_int_equal(devices_find(d, &mac) != NULL, i % 5 == 0);
	}
	for (i = 0; i < 1000; i++) { /* the places are there again */
		mac = made_up(5000 + i);
		devices_seen(d, &mac, NOW + 8 * DAY_MS + i);
	}
	assert_int_equal(devices_all(d, &all), 10 + DEVICES_FRESH_MAX);
	devices_free(d);
}

static void a_name_that_comes_again_is_a_hint(void **state)
{
	struct devices *d = devices_new();
	struct mac old = made_up(1), new = made_up(2), other = made_up(3);
	struct mac maker = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } };
	static const uint8_t duid[] = { 0xff, 1, 2, 3, 4, 0, 1 };

	(void)state;
	devices_leased(d, &old, "annas-phone", NULL, 0, NOW);
	devices_leased(d, &other, "kitchen", duid, sizeof(duid), NOW);
	devices_leased(d, &maker, "annas-phone", NULL, 0, NOW + 1);
	assert_true(mac_is_zero(&devices_find(d, &maker)->twin));
	/* The old lease still stands, so that the new one gets a number. */
	devices_leased(d, &new, "annas-phone-2", NULL, 0, NOW + DAY_MS);
	assert_true(mac_eq(&devices_find(d, &new)->twin, &old));
	assert_true(mac_is_zero(&devices_find(d, &old)->twin));
	new = made_up(4);
	devices_leased(d, &new, "", duid, sizeof(duid), NOW + DAY_MS);
	assert_true(mac_eq(&devices_find(d, &new)->twin, &other));
	/* Two that are here at once are two. */
	devices_seen(d, &other, NOW + 2 * DAY_MS);
	new = made_up(5);
	devices_seen(d, &new, NOW + DAY_MS);
	devices_leased(d, &new, "", duid, sizeof(duid), NOW + 2 * DAY_MS);
	assert_false(mac_eq(&devices_find(d, &new)->twin, &other));
	devices_free(d);
}

static void *written(struct devices *d, size_t *len)
{
	struct mac mac = made_up(1), two = made_up(2);
	struct addr a = addr_of("10.77.0.5"), v6 = addr_of("fe80::1");

	devices_has(d, &mac, &a, NOW);
	devices_has(d, &mac, &v6, NOW);
	devices_leased(d, &mac, "radio", (const uint8_t *)"\xff\1", 2, NOW);
	devices_calls_itself(d, &mac, "Radio \xc3\xbc", NOW + 1);
	devices_told(d, &mac);
	devices_seen(d, &mac, NOW + HOUR_MS);
	devices_leased(d, &two, "radio", NULL, 0, NOW + 2 * HOUR_MS);
	return devices_write(d, len);
}

static void what_is_written_is_read_again(void **state)
{
	struct devices *d = devices_new(), *again = devices_new();
	struct mac mac = made_up(1), two = made_up(2);
	const struct device *row;
	size_t len, len2;
	void *data = written(d, &len), *data2;

	(void)state;
	assert_int_equal(devices_read(again, data, len), 0);
	row = devices_find(again, &mac);
	assert_string_equal(row->hostname, "radio");
	assert_string_equal(row->mdns, "Radio \xc3\xbc");
	assert_true(row->settled && row->told);
	assert_int_equal(row->first_ms, NOW);
	assert_true(mac_eq(&devices_find(again, &two)->twin, &mac));
	assert_memory_equal(row, devices_find(d, &mac), sizeof(*row));
	assert_int_equal(devices_began_ms(again), NOW);
	data2 = devices_write(again, &len2);
	assert_int_equal(len, len2);
	assert_memory_equal(data, data2, len);
	free(data);
	free(data2);
	devices_free(d);
	devices_free(again);
}

static void a_file_cut_short_is_no_file(void **state)
{
	struct devices *d = devices_new(), *cut;
	size_t len, i;
	uint8_t *data = written(d, &len);

	(void)state;
	for (i = 0; i < len; i++) {
		cut = devices_new();
		assert_int_equal(devices_read(cut, data, i), -EBADMSG);
		devices_free(cut);
	}
	data[1]++; /* another version */
	cut = devices_new();
	assert_int_equal(devices_read(cut, data, len), -EBADMSG);
	devices_free(cut);
	free(data);
	devices_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_has_its_first_and_its_last_time),
		cmocka_unit_test(the_home_began_no_later_than_now),
		cmocka_unit_test(the_latest_ipv4_address_comes_first),
		cmocka_unit_test(an_address_is_its_latest_owners),
		cmocka_unit_test(made_up_ones_push_nobody_out),
		cmocka_unit_test(the_settled_give_way_after_a_month_alone),
		cmocka_unit_test(who_did_not_stay_is_forgotten),
		cmocka_unit_test(a_name_that_comes_again_is_a_hint),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_file_cut_short_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
