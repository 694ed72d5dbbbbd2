/* test_dns_filter.c - sets of names, who is filtered, and what the answer is;
 * files of lists to sets. */
#include "test_dns_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <unistd.h>

#include "ctl/dns/filter.h"
#include "ctl/dns/list_load.h"
#include "ctl/proto/dns_answer.h"

#define MANY 200000u

static struct dns_name name_of(const char *text)
{
	struct dns_name n;

	assert_true(dns_name_from_text(&n, text));
	return n;
}

static void add(struct nameset **s, const char *text, bool below, uint8_t tag)
{
	struct dns_name n = name_of(text);

	if (!*s)
		*s = nameset_new();
	assert_int_equal(nameset_add(*s, &n, below, tag), 0);
}

static int tag_of(const struct nameset *s, const char *text)
{
	struct dns_name n = name_of(text);
	uint8_t tag;

	return nameset_has(s, &n, &tag) ? tag : -1;
}

static void names_are_found_by_themselves_or_from_below(void **state)
{
	struct nameset *s = NULL;

	(void)state;
	assert_int_equal(tag_of(s, "a.example"), -1);
	add(&s, "alone.example", false, 1);
	add(&s, "all.example", true, 2);
	add(&s, "all.example", false, 3);
	add(&s, "later.example", false, 4);
	add(&s, "later.example", true, 5);
	nameset_seal(s);
	assert_int_equal(nameset_count(s), 3);
	assert_int_equal(tag_of(s, "alone.example"), 1);
	assert_int_equal(tag_of(s, "x.alone.example"), -1);
	assert_int_equal(tag_of(s, "all.example"), 2);
	assert_int_equal(tag_of(s, "x.y.all.example"), 2);
	assert_int_equal(tag_of(s, "xall.example"), -1);
	assert_int_equal(tag_of(s, "example"), -1);
	assert_int_equal(tag_of(s, "x.later.example"), 4);
	nameset_free(s);
}

static void many_names_are_kept_apart(void **state)
{
	struct nameset *s = NULL;
	char text[64];
	unsigned i, wrong = 0;

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "host%u.ads.example", i);
		add(&s, text, false, (uint8_t)i);
	}
	nameset_seal(s);
	assert_int_equal(nameset_count(s), MANY);
	/* 64 MiB for a million would be 67 bytes each. */
	assert_true(nameset_bytes(s) < MANY * 16ul);
	for (i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "host%u.ads.example", i);
		wrong += tag_of(s, text) != (uint8_t)i;
		snprintf(text, sizeof(text), "host%u.ads.example", i + MANY);
		wrong += tag_of(s, text) != -1;
	}
	assert_int_equal(wrong, 0);
	nameset_free(s);
}

static uint8_t judge(const struct filter *f, const char *text)
{
	struct dns_name n = name_of(text);

	return filter_name(f, &n);
}

static void own_words_come_first(void **state)
{
	struct filter f = { 0 };

	(void)state;
	assert_int_equal(filter_init(&f), 0);
	add(&f.block, "listed.example", true, FILTER_LISTS);
	add(&f.block, "spared.example", true, FILTER_LISTS + 1);
	add(&f.allow, "spared.example", true, 0);
	add(&f.own_allow, "good.listed.example", true, 0);
	add(&f.own_block, "bad.spared.example", true, FILTER_OWN);
	assert_int_equal(judge(&f, "x.listed.example"), FILTER_LISTS);
	assert_int_equal(judge(&f, "good.listed.example"), FILTER_NONE);
	assert_int_equal(judge(&f, "spared.example"), FILTER_NONE);
	assert_int_equal(judge(&f, "bad.spared.example"), FILTER_OWN);
	assert_int_equal(judge(&f, "use-application-dns.net"), FILTER_CANARY);
	assert_int_equal(judge(&f, "mask.icloud.com"), FILTER_CANARY);
	assert_int_equal(judge(&f, "other.example"), FILTER_NONE);
	filter_fini(&f);
}

static void devices_can_be_left_out(void **state)
{
	struct addr one = addr_v4(htonl(0x0a4d0009));
	struct addr two = addr_v4(htonl(0x0a4d000a)), self = { 0 };
	struct filter f = { 0 };

	(void)state;
	assert_false(filter_applies(&f, &one));
	add(&f.block, "listed.example", true, FILTER_LISTS);
	f.unfiltered[f.unfiltered_n++] = two;
	assert_true(filter_applies(&f, &one));
	assert_false(filter_applies(&f, &two));
	assert_false(filter_applies(&f, &self));
	filter_fini(&f);
}

static void the_answer_is_as_it_was_set(void **state)
{
	static const struct {
		enum filter_style style;
		uint8_t list;
		uint16_t type;
		unsigned rcode, an;
	} t[] = {
		{ FILTER_ZERO, FILTER_LISTS, DNS_A, DNS_NOERROR, 1 },
		{ FILTER_ZERO, FILTER_LISTS, DNS_AAAA, DNS_NOERROR, 1 },
		{ FILTER_ZERO, FILTER_LISTS, DNS_HTTPS, DNS_NOERROR, 0 },
		{ FILTER_NXDOMAIN, FILTER_LISTS, DNS_A, DNS_NXDOMAIN, 0 },
		{ FILTER_ZERO, FILTER_CANARY, DNS_A, DNS_NXDOMAIN, 0 },
	};
	struct filter f = { 0 };
	struct dns_answer a;
	uint8_t out[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct dns_query q =
			build_query("Ads.example", t[i].type, i & 1 ? 1232 : 0);
		struct wr w = wr_init(out, sizeof(out));

		f.style = t[i].style;
		filter_write(&f, &q, t[i].list, &w);
		assert_false(w.bad);
		assert_int_equal(dns_answer_read(out, wr_len(&w), &a), 0);
		assert_int_equal(a.rcode, t[i].rcode);
		assert_int_equal(a.an, t[i].an);
		assert_int_equal(a.id, 0x1234);
	}
}

static void write_bytes(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void write_file(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

static void files_become_sets(void **state)
{
	static struct list_load l;
	char dir[] = "/tmp/test_lists.XXXXXX", longer[3000];

	(void)state;
	assert_non_null(mkdtemp(dir));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	memcpy(longer, "0.0.0.0 hosts.example\n||", 24);
	snprintf(longer + sizeof(longer) - 30, 30, "\n0.0.0.0 end.example");
	l.n = 4;
	snprintf(l.files[0].path, 512, "%s/hosts", dir);
	snprintf(l.files[1].path, 512, "%s/adblock", dir);
	snprintf(l.files[2].path, 512, "%s/none", dir);
	snprintf(l.files[3].path, 512, "%s", dir);
	l.files[0].tag = 7;
	l.files[1].tag = 8;
	write_file(l.files[0].path, longer);
	write_file(l.files[1].path, "||ads.example^\n@@||good.example^\n");
	list_load(&l);
	assert_int_equal(l.files[0].names, 2);
	assert_int_equal(l.files[1].names, 2);
	assert_int_equal(l.files[2].error, -ENOENT);
	assert_int_not_equal(l.files[3].error, 0);
	assert_int_equal(tag_of(l.block, "hosts.example"), 7);
	assert_int_equal(tag_of(l.block, "end.example"), 7);
	assert_int_equal(tag_of(l.block, "x.ads.example"), 8);
	assert_int_equal(tag_of(l.block, "good.example"), -1);
	assert_int_equal(tag_of(l.allow, "good.example"), 8);
	nameset_free(l.block);
	nameset_free(l.allow);
	l.stop = true;
	list_load(&l);
	assert_null(l.block);
	unlink(l.files[0].path);
	unlink(l.files[1].path);
	rmdir(dir);
}

static void a_zero_costs_no_other_line(void **state)
{
	static const char text[] = "one.example\n#\0 two\nthree.example\n";
	static struct list_load l;
	char dir[] = "/tmp/test_lists.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	l.n = 1;
	snprintf(l.files[0].path, 512, "%s/zeros", dir);
	write_bytes(l.files[0].path, text, sizeof(text) - 1);
	list_load(&l);
	assert_int_equal(l.files[0].names, 2);
	assert_int_not_equal(tag_of(l.block, "three.example"), -1);
	nameset_free(l.block);
	nameset_free(l.allow);
	unlink(l.files[0].path);
	rmdir(dir);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_by_themselves_or_from_below),
		cmocka_unit_test(many_names_are_kept_apart),
		cmocka_unit_test(own_words_come_first),
		cmocka_unit_test(devices_can_be_left_out),
		cmocka_unit_test(the_answer_is_as_it_was_set),
		cmocka_unit_test(files_become_sets),
		cmocka_unit_test(a_zero_costs_no_other_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
