/* test_asked.c - what was asked of resolvers, and which answers are shown: to
 * that question alone, once, and of one host no more than its part. */
#include "ctl/engine/tap/asked.h"

#include <stdlib.h>

#include "ctl/engine/tap/sample.h"
#include "tests/unit/test_dns_build.h"

#define SERIAL 7
#define NOW_MS 5000000ull
#define OTHERS 200

static const struct addr phone = { .b = { [10] = 0xff, 0xff, 10, 77, 0, 2 } };

struct desk {
	struct asked asked;
	struct pkt p;
	uint8_t bytes[8 + 1472];
};

/* What one of them says; zero stands for the usual. */
struct word {
	struct addr owner;
	uint32_t serial;
	const char *name;
	uint16_t type, id, flags, records;
	bool to_lan;
	uint16_t cut; /* bytes off its end */
};

static void make(struct desk *d, const struct word *w)
{
	struct build b;
	struct wr out = wr_init(d->bytes, sizeof(d->bytes));

	build_begin(&b, w->id ? w->id : 0x1234,
		    w->flags ? w->flags : (w->to_lan ? 0x8180 : 0x0100), 1,
		    w->to_lan && !w->records ? 1 : 0, 0, 0);
	build_question(&b, w->name ? w->name : "www.example",
		       w->type ? w->type : DNS_A);
	wr_zero(&out, 8);
	wr_bytes(&out, b.bytes, wr_len(&b.w) - w->cut);
	d->p = (struct pkt){ .data = d->bytes,
			     .l3_len = (uint16_t)wr_len(&out),
			     .to_lan = w->to_lan };
}

static void asks(struct desk *d, struct word w, uint64_t now_ms)
{
	make(d, &w);
	asked_note(&d->asked, w.owner.b[15] ? &w.owner : &phone,
		   w.serial ? w.serial : SERIAL, &d->p, now_ms);
}

static bool tells(struct desk *d, struct word w, uint64_t now_ms)
{
	w.to_lan = true;
	make(d, &w);
	return asked_answered(&d->asked, w.owner.b[15] ? &w.owner : &phone,
			      w.serial ? w.serial : SERIAL, &d->p, now_ms);
}

#define ASKS(...)  asks(*state, (struct word){ __VA_ARGS__ }, NOW_MS)
#define TELLS(...) tells(*state, (struct word){ __VA_ARGS__ }, NOW_MS)

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	d->asked.key =
		(struct hash_key){ { 0x243f6a8885a308d3, 0x13198a2e03707344 } };
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void a_question_is_answered_once(void **state)
{
	assert_false(TELLS(.id = 0));
	ASKS(.id = 0);
	assert_true(TELLS(.id = 0));
	assert_false(TELLS(.id = 0));
}

static void another_question_is_not(void **state)
{
	const struct addr laptop = { .b = { [10] = 0xff, 0xff, 10, 77, 0, 3 } };

	ASKS(.id = 0);
	assert_false(TELLS(.id = 0x1235));
	assert_false(TELLS(.name = "ww.wexample"));
	assert_false(TELLS(.name = "www.example.net"));
	assert_false(TELLS(.type = DNS_AAAA));
	assert_false(TELLS(.serial = SERIAL + 1));
	assert_false(TELLS(.owner = laptop));
	assert_true(TELLS(.name = "WWW.eXample"));
}

static void nor_is_a_question_that_is_no_more_waited_for(void **state)
{
	ASKS(.id = 0);
	assert_false(tells(*state, (struct word){ 0 }, NOW_MS + ASKED_MS));
	asks(*state, (struct word){ 0 }, NOW_MS + ASKED_MS);
	assert_true(
		tells(*state, (struct word){ 0 }, NOW_MS + 2 * ASKED_MS - 1));
}

static void what_names_nothing_is_not_read(void **state)
{
	ASKS(.id = 0);
	assert_false(TELLS(.flags = 0x8183)); /* NXDOMAIN */
	assert_false(TELLS(.flags = 0x8380)); /* cut off */
	assert_false(TELLS(.flags = 0x8980)); /* another opcode */
	assert_false(TELLS(.flags = 0x0100)); /* the question itself */
	assert_false(TELLS(.records = 1));    /* has none */
	for (uint16_t cut = 1; cut < 29; cut++)
		assert_false(TELLS(.cut = cut));
	assert_true(TELLS(.id = 0));
	ASKS(.type = DNS_HTTPS);
	assert_false(TELLS(.type = DNS_HTTPS));
	ASKS(.flags = 0x8180); /* a host that answers */
	assert_false(TELLS(.id = 0));
}

static void the_oldest_question_makes_room(void **state)
{
	for (uint16_t id = 1; id <= ASKED_EACH + 1; id++)
		ASKS(.id = id);
	assert_false(TELLS(.id = 1));
	for (uint16_t id = 2; id <= ASKED_EACH + 1; id++)
		assert_true(TELLS(.id = id));
}

/* Some share a place; a host that asks without end cannot aim at one. */
static void a_flood_of_one_host_is_its_own_loss(void **state)
{
	unsigned kept = 0;
	struct word w = { .owner = phone };

	for (unsigned i = 0; i < OTHERS; i++) {
		w.owner.b[15] = (uint8_t)(10 + i);
		asks(*state, w, NOW_MS);
	}
	for (unsigned i = 0; i < 100000; i++)
		ASKS(.id = (uint16_t)i);
	for (unsigned i = 0; i < OTHERS; i++) {
		w.owner.b[15] = (uint8_t)(10 + i);
		kept += tells(*state, w, NOW_MS);
	}
	assert_in_range(kept, OTHERS * 9 / 10, OTHERS);
}

/* ---- how many are shown */

static unsigned shown(struct samples *s, uint8_t host, unsigned asked,
		      uint64_t now_ms)
{
	const struct mac mac = { { 0xff, 0xff, 10, 77, 0, host } };
	unsigned n = 0;

	while (asked--)
		n += sample_admit(s, &mac, now_ms);
	return n;
}

static void each_host_is_shown_its_part(void **state)
{
	struct samples s = { .most = SAMPLE_ANSWERS_MOST,
			     .host_most = SAMPLE_ANSWERS_HOST_MOST };

	(void)state;
	assert_int_equal(shown(&s, 2, 1000, NOW_MS), SAMPLE_ANSWERS_HOST_MOST);
	assert_int_equal(shown(&s, 3, 5, NOW_MS), 5);
	assert_int_equal(shown(&s, 4, 1000, NOW_MS), SAMPLE_ANSWERS_HOST_MOST);
	assert_int_equal(shown(&s, 5, 1000, NOW_MS),
			 SAMPLE_ANSWERS_MOST - 2 * SAMPLE_ANSWERS_HOST_MOST -
				 5);
	assert_int_equal(shown(&s, 3, 1, NOW_MS + SAMPLE_WINDOW_MS), 1);
	assert_int_equal(s.most, SAMPLE_ANSWERS_MOST);
}

/* Whichever address it takes, 10.77.0.66 too: what is its own counter in one
 * run is another's in the next. */
static void nobody_chooses_whose_part_it_takes(void **state)
{
	unsigned left_none = 0;

	(void)state;
	for (uint64_t run = 0; run < 64; run++) {
		struct samples s = { .key = { { run, 7 } },
				     .most = SAMPLE_ANSWERS_MOST,
				     .host_most = SAMPLE_ANSWERS_HOST_MOST };

		shown(&s, 66, 1000, NOW_MS);
		left_none += !shown(&s, 2, 1, NOW_MS);
	}
	assert_in_range(left_none, 0, 6);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_question_is_answered_once),
		TEST(another_question_is_not),
		TEST(nor_is_a_question_that_is_no_more_waited_for),
		TEST(what_names_nothing_is_not_read),
		TEST(the_oldest_question_makes_room),
		TEST(a_flood_of_one_host_is_its_own_loss),
		cmocka_unit_test(each_host_is_shown_its_part),
		cmocka_unit_test(nobody_chooses_whose_part_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
