/* test_dns_msg.c - what clients send, and what each of it deserves. */
#include "test_dns_build.h"

#include <errno.h>

static void takes_a_plain_query(void **state)
{
	struct dns_query q = build_query("WWW.lan", DNS_A, 0);

	(void)state;
	assert_int_equal(q.id, 0x1234);
	assert_int_equal(q.q.type, DNS_A);
	assert_int_equal(q.udp_size, 512);
	assert_false(q.edns);
	assert_memory_equal(q.q.name.b, "\3WWW\3lan", 9);
}

static void takes_edns(void **state)
{
	static const struct {
		uint16_t said, meant;
	} t[] = { { 0, 512 }, { 511, 512 }, { 1232, 1232 }, { 65535, 65535 } };
	struct dns_query q;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		build_begin(&b, 1, 0, 1, 0, 0, 1);
		build_question(&b, "lan", DNS_A);
		build_opt(&b, t[i].said, DNS_OPT_DO);
		assert_int_equal(dns_query_read(b.bytes, wr_len(&b.w), &q), 0);
		assert_int_equal(q.udp_size, t[i].meant);
		assert_true(q.edns && q.dnssec_ok);
	}
}

/* Each is made of a header, a question unless 'qd' is 0, and a tail. */
static void judges_each_misfit(void **state)
{
	static const struct {
		const char *why;
		uint16_t flags, qd, an, ns, ar;
		const char *tail;
		size_t tail_len;
		int want;
	} t[] = {
		{ "an answer", DNS_QR, 1, 0, 0, 0, "", 0, -EBADMSG },
		{ "NOTIFY", 4 << 11, 1, 0, 0, 0, "", 0, DNS_NOTIMP },
		{ "no question", 0, 0, 0, 0, 0, "", 0, DNS_FORMERR },
		{ "two questions", 0, 2, 0, 0, 0, "\0\0\1\0\1", 5,
		  DNS_FORMERR },
		{ "answers in it", 0, 1, 1, 0, 0, "", 0, DNS_FORMERR },
		{ "authority in it", 0, 1, 0, 1, 0, "", 0, DNS_FORMERR },
		{ "count lies", 0, 1, 0, 0, 9, "", 0, DNS_FORMERR },
		{ "half an OPT", 0, 1, 0, 0, 1, "\0\0\x29\4", 4, DNS_FORMERR },
		{ "OPT twice", 0, 1, 0, 0, 2,
		  "\0\0\x29\4\xd0\0\0\0\0\0\0\0\0\x29\4\xd0\0\0\0\0\0\0", 22,
		  DNS_FORMERR },
		{ "OPT with an owner", 0, 1, 0, 0, 1,
		  "\1a\0\0\x29\4\xd0\0\0\0\0\0\0", 13, DNS_FORMERR },
		{ "option longer than OPT", 0, 1, 0, 0, 1,
		  "\0\0\x29\4\xd0\0\0\0\0\0\4\0\x8\0\1", 15, DNS_FORMERR },
		{ "options cut short", 0, 1, 0, 0, 1,
		  "\0\0\x29\4\xd0\0\0\0\0\0\2\0\x8", 13, DNS_FORMERR },
		{ "EDNS version 1", 0, 1, 0, 0, 1, "\0\0\x29\4\xd0\0\1\0\0\0\0",
		  11, DNS_BADVERS },
		{ "client subnet, twice", 0, 1, 0, 0, 1,
		  "\0\0\x29\4\xd0\0\0\0\0\0\x8\0\x8\0\0\0\x8\0\0", 19,
		  DNS_NOERROR },
	};
	struct dns_query q;
	struct build b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int got;

		build_begin(&b, 7, t[i].flags, t[i].qd, t[i].an, t[i].ns,
			    t[i].ar);
		if (t[i].qd)
			build_question(&b, "lan", DNS_A);
		wr_bytes(&b.w, t[i].tail, t[i].tail_len);
		got = dns_query_read(b.bytes, wr_len(&b.w), &q);
		if (got != t[i].want)
			fail_msg("%s: %d", t[i].why, got);
	}
}

static void cut_anywhere_is_no_query(void **state)
{
	struct dns_query q;
	struct build b;
	size_t len;

	(void)state;
	build_begin(&b, 1, 0, 1, 0, 0, 1);
	build_question(&b, "www.example.com", DNS_A);
	build_opt(&b, 1232, 0);
	for (len = 0; len < wr_len(&b.w); len++)
		assert_int_equal(dns_query_read(b.bytes, len, &q),
				 len < DNS_HEADER_LEN ? -EBADMSG : DNS_FORMERR);
}

static void errors_carry_what_was_asked(void **state)
{
	struct dns_query q = build_query("X.lan", DNS_A, 1232);
	uint8_t out[DNS_QUERY_MAX];
	struct wr w = wr_init(out, sizeof(out));

	(void)state;
	dns_error_write(&w, &q, DNS_BADVERS);
	assert_memory_equal(out,
			    "\x12\x34\x81\x80\0\1\0\0\0\0\0\1"
			    "\1X\3lan\0\0\1\0\1"
			    "\0\0\x29\4\xd0\1\0\0\0\0\0",
			    34);
	assert_int_equal(wr_len(&w), 34);
	w = wr_init(out, sizeof(out));
	dns_truncated_write(&w, &q, DNS_NOERROR);
	assert_memory_equal(out + 2, "\x83\x80", 2);
}

/* RFC 8467, 4.1: all lengths are those of whole blocks. */
static void padding_hides_the_length(void **state)
{
	uint8_t out[DNS_QUERY_PADDED_MAX];
	struct dns_question q = { .type = DNS_A, .class = DNS_IN };
	struct dns_header h = { .flags = DNS_RD, .qd = 1, .ar = 1 };
	struct dns_query read;
	unsigned len;

	(void)state;
	for (len = 1; len < DNS_NAME_MAX - 2; len++) {
		struct wr w = wr_init(out, sizeof(out));
		char text[DNS_NAME_MAX + 1];
		unsigned i;

		for (i = 0; i < len; i++)
			text[i] = i % 50 == 49 && i + 1 < len ? '.' : 'x';
		text[len] = '\0';
		assert_true(dns_name_from_text(&q.name, text));
		dns_header_write(&w, &h);
		dns_question_write(&w, &q);
		dns_opt_write_padded(&w, DNS_UDP_EDNS, true);
		assert_false(w.bad);
		assert_int_equal(wr_len(&w) % DNS_PAD_BLOCK, 0);
		assert_int_equal(dns_query_read(out, wr_len(&w), &read), 0);
		assert_true(read.dnssec_ok);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding_hides_the_length),
		cmocka_unit_test(takes_a_plain_query),
		cmocka_unit_test(takes_edns),
		cmocka_unit_test(judges_each_misfit),
		cmocka_unit_test(cut_anywhere_is_no_query),
		cmocka_unit_test(errors_carry_what_was_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
