/* test_dns_querylog.c - the ring of what was asked: bounded, in order, a day
 * long, and off when it is off. */
#include "test_dns_build.h"

#include <stdio.h>
#include <stdlib.h>

#include "ctl/dns/querylog.h"

#define NOW (1000ull * QUERYLOG_AGE_MS)

struct seen {
	unsigned n, wrong;
	uint16_t last; /* they count up by type */
	struct query_row row;
};

static void on_row(void *arg, const struct query_row *row)
{
	struct seen *s = arg;
	char text[DNS_NAME_STRLEN], want[64];

	snprintf(want, sizeof(want), "%*s%u.example", row->type % 9 + 1, "x",
		 row->type);
	for (char *p = want; *p == ' '; p++)
		*p = 'x';
	s->wrong += strcmp(dns_name_format(&row->name, text), want) != 0;
	s->wrong += s->n && row->type != s->last + 1;
	s->last = row->type;
	s->row = *row;
	s->n++;
}

static struct query_row row_of(uint16_t n, uint64_t at_ms)
{
	struct query_row row = { .at_ms = at_ms,
				 .took_us = 77,
				 .type = n,
				 .rcode = 3,
				 .list = 9,
				 .why = QUERY_BLOCKED };
	char text[64], *p;

	snprintf(text, sizeof(text), "%*s%u.example", n % 9 + 1, "x", n);
	for (p = text; *p == ' '; p++)
		*p = 'x';
	dns_name_from_text(&row.name, text);
	addr_parse("10.77.0.9", &row.device);
	addr_parse("192.0.2.1", &row.answer);
	return row;
}

static struct seen walk(const struct querylog *l)
{
	struct seen s = { 0 };

	querylog_walk(l, NOW, on_row, &s);
	return s;
}

/* Names of all lengths, so that the end of the ring falls everywhere. */
static void the_oldest_go_first(void **state)
{
	size_t bytes;
	uint16_t i;

	(void)state;
	for (bytes = 1024; bytes < 1400; bytes += 4) {
		struct querylog *l = querylog_new(bytes);
		struct seen s;

		for (i = 1; i < 500; i++) {
			struct query_row row = row_of(i, NOW);

			querylog_add(l, &row);
			s = walk(l);
			assert_int_equal(s.wrong, 0);
			assert_int_equal(s.last, i);
			assert_true(i < 20 ? s.n >= (i < 8 ? i : 8u)
					   : s.n >= 8);
		}
		querylog_free(l);
	}
}

static void a_row_comes_back_whole(void **state)
{
	struct querylog *l = querylog_new(4096);
	struct query_row row = row_of(5, NOW - 1);
	struct seen s;

	(void)state;
	querylog_add(l, &row);
	s = walk(l);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.row.took_us, 77);
	assert_int_equal(s.row.rcode, 3);
	assert_int_equal(s.row.list, 9);
	assert_int_equal(s.row.why, QUERY_BLOCKED);
	assert_true(addr_eq(&s.row.device, &row.device));
	assert_true(addr_eq(&s.row.answer, &row.answer));
	querylog_free(l);
}

static void a_day_is_kept(void **state)
{
	struct querylog *l = querylog_new(4096);
	struct query_row old = row_of(1, NOW - QUERYLOG_AGE_MS - 1);
	struct query_row young = row_of(2, NOW - QUERYLOG_AGE_MS);

	(void)state;
	querylog_add(l, &old);
	querylog_add(l, &young);
	assert_int_equal(walk(l).n, 1);
	querylog_free(l);
}

static void off_forgets_and_keeps_nothing(void **state)
{
	struct querylog *l = querylog_new(4096);
	struct query_row row = row_of(1, NOW);

	(void)state;
	querylog_add(l, &row);
	querylog_turn(l, false);
	assert_int_equal(walk(l).n, 0);
	querylog_add(l, &row);
	assert_int_equal(walk(l).n, 0);
	querylog_turn(l, true);
	assert_int_equal(walk(l).n, 0);
	querylog_add(l, &row);
	assert_int_equal(walk(l).n, 1);
	querylog_free(l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_go_first),
		cmocka_unit_test(a_row_comes_back_whole),
		cmocka_unit_test(a_day_is_kept),
		cmocka_unit_test(off_forgets_and_keeps_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
