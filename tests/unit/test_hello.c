/* test_hello.c - server names out of TLS and QUIC hellos: whole, in pieces, out
 * of order, from who means harm. */
#include "ctl/remotes/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/base/bytes.h"
#include "ctl/remotes/quic_open.h"
#include "tests/unit/quic_vectors.h"

#define ROOM 4096

static int setup(void **state)
{
	*state = hellos_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	hellos_free(*state);
	return 0;
}

/* ---- QUIC */

static bool quic(struct hellos *h, uint32_t session, const uint8_t *data,
		 size_t len, struct tls_hello *out)
{
	const struct hello_packet p = { .session = session,
					.serial = 9,
					.quic = true,
					.data = data,
					.len = len };

	return hellos_take(h, &p, out);
}

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2;
	unsigned byte;

	assert_true(len <= HELLO_BYTES_MAX);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return len;
}

static bool quic_hex(struct hellos *h, uint32_t session, const char *hex,
		     struct tls_hello *out)
{
	uint8_t data[HELLO_BYTES_MAX];

	return quic(h, session, data, from_hex(hex, data), out);
}

static void the_packets_of_the_rfcs_open(void **state)
{
	struct tls_hello hello;

	assert_true(quic_hex(*state, 1, rfc9001, &hello));
	assert_string_equal(hello.name, "example.com");
	assert_false(hello.ech);
	assert_true(quic_hex(*state, 2, rfc9369, &hello));
	assert_string_equal(hello.name, "example.com");
}

/* RFC 9001 A.1, RFC 9369 A.1 */
static void keys_are_the_rfcs(void **state)
{
	static const uint8_t dcid[] = { 0x83, 0x94, 0xc8, 0xf0,
					0x3e, 0x51, 0x57, 0x08 };
	static const struct quic_keys v1 = {
		.key = { 0x1f, 0x36, 0x96, 0x13, 0xdd, 0x76, 0xd5, 0x46, 0x77,
			 0x30, 0xef, 0xcb, 0xe3, 0xb1, 0xa2, 0x2d },
		.iv = { 0xfa, 0x04, 0x4b, 0x2f, 0x42, 0xa3, 0xfd, 0x3b, 0x46,
			0xfb, 0x25, 0x5c },
		.hp = { 0x9f, 0x50, 0x44, 0x9e, 0x04, 0xa0, 0xe8, 0x10, 0x28,
			0x3a, 0x1e, 0x99, 0x33, 0xad, 0xed, 0xd2 },
	};
	static const struct quic_keys v2 = {
		.key = { 0x8b, 0x1a, 0x0b, 0xc1, 0x21, 0x28, 0x42, 0x90, 0xa2,
			 0x9e, 0x09, 0x71, 0xb5, 0xcd, 0x04, 0x5d },
		.iv = { 0x91, 0xf7, 0x3e, 0x23, 0x51, 0xd8, 0xfa, 0x91, 0x66,
			0x0e, 0x90, 0x9f },
		.hp = { 0x45, 0xb9, 0x5e, 0x15, 0x23, 0x5d, 0x6f, 0x45, 0xa6,
			0xb1, 0x9c, 0xbc, 0xb0, 0x29, 0x4b, 0xa9 },
	};
	struct quic_keys k;

	(void)state;
	assert_int_equal(quic_keys_derive(&k, QUIC_V1, dcid, sizeof(dcid)), 0);
	assert_memory_equal(&k, &v1, sizeof(k));
	assert_int_equal(quic_keys_derive(&k, QUIC_V2, dcid, sizeof(dcid)), 0);
	assert_memory_equal(&k, &v2, sizeof(k));
}

static void a_hello_over_two_datagrams(void **state)
{
	struct tls_hello hello;

	assert_false(quic_hex(*state, 1, split_1, &hello));
	assert_true(quic_hex(*state, 2, rfc9001, &hello)); /* another's */
	assert_true(quic_hex(*state, 1, split_2, &hello));
	assert_string_equal(hello.name, "video.example.net");
	/* The other one first; one of them twice. */
	assert_false(quic_hex(*state, 3, split_2, &hello));
	assert_false(quic_hex(*state, 3, split_2, &hello));
	assert_true(quic_hex(*state, 3, split_1, &hello));
	assert_string_equal(hello.name, "video.example.net");
}

static void packets_in_one_datagram(void **state)
{
	struct tls_hello hello;

	assert_true(quic_hex(*state, 1, coalesced, &hello));
	assert_string_equal(hello.name, "coalesced.example");
}

static void a_retry_changes_the_keys(void **state)
{
	struct tls_hello hello;

	assert_false(quic_hex(*state, 1, before_retry, &hello));
	assert_true(quic_hex(*state, 1, after_retry, &hello));
	assert_string_equal(hello.name, "again.example");
}

static void a_new_connection_id_does_not(void **state)
{
	struct tls_hello hello;

	assert_false(quic_hex(*state, 1, first_half, &hello));
	assert_true(quic_hex(*state, 1, second_half, &hello));
	assert_string_equal(hello.name, "example.com");
	/* Without the first there is nothing to open it with. */
	assert_false(quic_hex(*state, 2, second_half, &hello));
}

static void what_is_broken_stays_shut(void **state)
{
	uint8_t good[HELLO_BYTES_MAX], bad[HELLO_BYTES_MAX];
	size_t len = from_hex(rfc9001, good);
	struct tls_hello hello;

	for (size_t at = 0; at < len; at += at < 64 ? 1 : 97) {
		memcpy(bad, good, len);
		bad[at] ^= 0x04;
		assert_false(
			quic(*state, 1000 + (uint32_t)at, bad, len, &hello));
	}
	for (size_t n = 0; n < len; n += 7)
		assert_false(quic(*state, 5000 + (uint32_t)n, good, n, &hello));
}

/* ---- TLS */

struct shape {
	const char *name;
	size_t name_len; /* 0: strlen */
	uint16_t filler; /* bytes of an extension before it */
	bool ech;
};

static size_t write_hello(uint8_t *out, const struct shape *s)
{
	size_t len = s->name_len ? s->name_len : strlen(s->name), at, body;
	struct wr w = wr_init(out, ROOM);

	wr_be32(&w, 1u << 24);
	wr_be16(&w, 0x0303);
	wr_zero(&w, 32);
	wr_u8(&w, 32);
	wr_zero(&w, 32);
	wr_be16(&w, 2);
	wr_be16(&w, 0x1301);
	wr_be16(&w, 0x0100);
	at = wr_len(&w);
	wr_be16(&w, 0);
	wr_be16(&w, 51);
	wr_be16(&w, s->filler);
	wr_zero(&w, s->filler);
	if (s->ech) {
		wr_be16(&w, 0xfe0d);
		wr_be16(&w, 10);
		wr_zero(&w, 10);
	}
	wr_be16(&w, 0);
	wr_be16(&w, (uint16_t)(len + 5));
	wr_be16(&w, (uint16_t)(len + 3));
	wr_u8(&w, 0);
	wr_be16(&w, (uint16_t)len);
	wr_bytes(&w, s->name, len);
	assert_false(w.bad);
	wr_patch_be16(&w, at, (uint16_t)(wr_len(&w) - at - 2));
	body = wr_len(&w) - 4;
	wr_patch_be16(&w, 2, (uint16_t)body);
	return wr_len(&w);
}

/* In records of 'each' bytes at most. */
static size_t write_stream(uint8_t *out, const struct shape *s, size_t each)
{
	uint8_t msg[ROOM];
	size_t len = write_hello(msg, s);
	struct wr w = wr_init(out, ROOM);

	for (size_t at = 0; at < len; at += each) {
		size_t n = len - at < each ? len - at : each;

		wr_u8(&w, 22);
		wr_be16(&w, 0x0301);
		wr_be16(&w, (uint16_t)n);
		wr_bytes(&w, msg + at, n);
	}
	assert_false(w.bad);
	return wr_len(&w);
}

static struct mac who; /* says it */

static bool segment(struct hellos *h, uint32_t session, const uint8_t *stream,
		    size_t from, size_t to, bool cut, struct tls_hello *out)
{
	const struct hello_packet p = { .session = session,
					.serial = 3,
					.mac = who,
					.cut = cut,
					.seq = 0xfffffff0u + (uint32_t)from,
					.data = stream + from,
					.len = to - from };

	return hellos_take(h, &p, out);
}

static bool named(struct hellos *h, uint32_t session, const struct shape *s,
		  struct tls_hello *out)
{
	uint8_t stream[ROOM];
	size_t len = write_stream(stream, s, 16384);

	return segment(h, session, stream, 0, len, false, out);
}

static void a_hello_in_one_segment(void **state)
{
	const struct shape s = { .name = "Www.Example.ORG." };
	const struct shape hidden = { .name = "public.example", .ech = true };
	struct tls_hello hello;

	assert_true(named(*state, 1, &s, &hello));
	assert_string_equal(hello.name, "www.example.org");
	assert_false(hello.ech);
	assert_true(named(*state, 1, &hidden, &hello));
	assert_string_equal(hello.name, "public.example");
	assert_true(hello.ech);
}

/* The sequence numbers come round within it. */
static void a_long_one_in_segments_and_records(void **state)
{
	const struct shape s = { .name = "www.example.org", .filler = 1700 };
	uint8_t stream[ROOM];
	size_t len = write_stream(stream, &s, 700);
	struct tls_hello hello;

	assert_false(segment(*state, 1, stream, 0, 1400, false, &hello));
	assert_true(segment(*state, 1, stream, 1400, len, false, &hello));
	assert_string_equal(hello.name, "www.example.org");
	/* Out of order, and with one sent twice. */
	assert_false(segment(*state, 2, stream, 0, 600, false, &hello));
	assert_false(segment(*state, 2, stream, 1200, len, false, &hello));
	assert_true(segment(*state, 2, stream, 500, 1300, false, &hello));
	assert_string_equal(hello.name, "www.example.org");
}

/* A device that begins without end takes the places of its own alone. */
static void a_flood_takes_nobodys_place(void **state)
{
	const struct shape s = { .name = "www.example.org", .filler = 1700 };
	static const unsigned floods[] = { 100, 1000 };
	uint8_t stream[ROOM];
	size_t len = write_stream(stream, &s, 700);
	struct tls_hello hello;

	for (unsigned round = 0; round < 2; round++) {
		uint32_t mine = 1000000 + 100 * round;

		who = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
		for (unsigned i = 0; i < 64; i++)
			segment(*state, mine + i, stream, 0, 1400, false,
				&hello);
		who = (struct mac){ { 2, 0, 0, 0, 0, 2 } };
		for (unsigned i = 0; i < floods[round]; i++)
			assert_false(segment(*state, i, stream, 0, 1400, false,
					     &hello));
		/* Its own latest are read on, its first are not. */
		assert_true(segment(*state, floods[round] - 64, stream, 1400,
				    len, false, &hello));
		assert_false(
			segment(*state, 0, stream, 1400, len, false, &hello));
		who = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
		for (unsigned i = 0; i < 64; i++) {
			assert_true(segment(*state, mine + i, stream, 1400, len,
					    false, &hello));
			assert_string_equal(hello.name, "www.example.org");
		}
	}
	who = (struct mac){ 0 };
}

static void what_is_cut_off_says_what_it_has(void **state)
{
	const struct shape s = { .name = "www.example.org" };
	uint8_t stream[ROOM];
	size_t len = write_stream(stream, &s, 16384);
	struct tls_hello hello;

	stream[4] = 255; /* the record and the message go on */
	stream[3] = 0;
	stream[8] = 251;
	stream[3] = 4;
	stream[7] = 4;
	assert_false(segment(*state, 1, stream, 0, len, false, &hello));
	assert_true(segment(*state, 2, stream, 0, len, true, &hello));
	assert_string_equal(hello.name, "www.example.org");
	assert_false(segment(*state, 3, stream, 0, len - 1, true, &hello));
}

static void three_packets_are_all(void **state)
{
	const struct shape s = { .name = "www.example.org", .filler = 2000 };
	uint8_t stream[ROOM];
	size_t len = write_stream(stream, &s, 16384);
	struct tls_hello hello;

	for (unsigned i = 0; i < HELLO_PACKETS_MAX; i++)
		assert_false(segment(*state, 1, stream, i * 100u,
				     i * 100u + 100, false, &hello));
	/* This begins anew, in the middle. */
	assert_false(segment(*state, 1, stream, 300, len, false, &hello));
}

static void hostile_names_are_none(void **state)
{
	static const struct shape bad[] = {
		{ .name = "<script>alert(1)</script>" },
		{ .name = "a b" },
		{ .name = ".example" },
		{ .name = "a..example" },
		{ .name = "\xe2\x80\xae"
			  "elpmaxe" },
		{ .name = "a\0b", .name_len = 3 },
		{ .name = "x\nHost: y" },
		{ .name = "." },
		{ .name = "0123456789012345678901234567890123456789012345678901"
			  "234567890123.example" },
	};
	struct tls_hello hello;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(named(*state, 10 + i, &bad[i], &hello));
		assert_string_equal(hello.name, "");
	}
}

static void names_have_a_longest(void **state)
{
	char text[256];
	struct shape s = { .name = text, .name_len = HOST_NAME_MAX_LEN };
	struct tls_hello hello;

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	assert_true(named(*state, 1, &s, &hello));
	assert_int_equal(strlen(hello.name), HOST_NAME_MAX_LEN);
	s.name_len++;
	assert_false(named(*state, 2, &s, &hello));
}

static void other_protocols_are_none(void **state)
{
	static const uint8_t server[] = { 22, 3, 3, 0, 4, 2, 0, 0, 0 };
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 40 };
	static const uint8_t empty[] = { 22, 3, 3, 0, 0 };
	struct tls_hello hello;

	assert_false(
		segment(*state, 1, server, 0, sizeof(server), true, &hello));
	assert_false(segment(*state, 2, alert, 0, sizeof(alert), true, &hello));
	assert_false(segment(*state, 3, empty, 0, sizeof(empty), true, &hello));
	assert_false(segment(*state, 4, empty, 0, 0, true, &hello));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_packets_of_the_rfcs_open),
		T(keys_are_the_rfcs),
		T(a_hello_over_two_datagrams),
		T(packets_in_one_datagram),
		T(a_retry_changes_the_keys),
		T(a_new_connection_id_does_not),
		T(what_is_broken_stays_shut),
		T(a_hello_in_one_segment),
		T(a_long_one_in_segments_and_records),
		T(a_flood_takes_nobodys_place),
		T(what_is_cut_off_says_what_it_has),
		T(three_packets_are_all),
		T(hostile_names_are_none),
		T(names_have_a_longest),
		T(other_protocols_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
