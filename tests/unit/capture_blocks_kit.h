/* capture_blocks_kit.h - a ring's chunk, the file that it becomes, and what
 * that says. For test_capture_blocks.c. */
#ifndef TESTS_UNIT_CAPTURE_BLOCKS_KIT_H
#define TESTS_UNIT_CAPTURE_BLOCKS_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/api/capture.h"
#include "ctl/base/names.h"

#define NS	1000000000ull
#define NOW	(1700000000 * NS) /* 2023-11-14 22:13:20 */
#define PAYLOAD 20
#define ETHER	14

/* ---- a ring's chunk, and the file that it becomes */

struct desk {
	struct capture_blocks b;
	struct capture_read r;
};

static inline int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	*state = d;
	if (!d)
		return -1;
	d->b.wish.device = (struct mac){ { 2, 0, 0, 0, 0, 5 } };
	d->b.wish.until_ns = NOW;
	strcpy(d->b.device, "Radio");
	d->r.counts = (struct capture_counts){ .since_ns = NOW - 100 * NS,
					       .at_ns = NOW };
	return 0;
}

static inline int teardown(void **state)
{
	struct desk *d = *state;

	capture_blocks_free(&d->b);
	free(d);
	return 0;
}

static inline struct captured *append(struct desk *d, uint8_t kind,
				      uint32_t kept, uint64_t ago_ns)
{
	struct captured *rec =
		(struct captured *)(void *)(d->r.data + d->r.len);

	*rec = (struct captured){ .at_ns = NOW - ago_ns,
				  .size = captured_size(kept),
				  .kept = kept,
				  .len = kept,
				  .kind = kind };
	d->r.len += rec->size;
	return rec;
}

static inline struct endpoint inside(uint16_t port)
{
	return (struct endpoint){ addr_v4(htonl(0x0a4d0005)), htons(port) };
}

static inline struct endpoint remote(void)
{
	return (struct endpoint){ addr_v4(htonl(0xcb007107)), htons(443) };
}

/* From the radio's port to 203.0.113.7's 443, or back. */
static inline struct captured *packet(struct desk *d, uint16_t port, bool rx,
				      uint64_t ago_ns)
{
	struct captured *rec =
		append(d, CAPTURED_PACKET, ETHER + 28 + PAYLOAD, ago_ns);
	struct endpoint in = inside(port), out = remote();
	struct wr w = wr_init(captured_data(rec), rec->kept);

	rec->flags = rx ? CAPTURED_RX : 0;
	wr_zero(&w, 12);
	wr_be16(&w, 0x0800);
	wr_be16(&w, 0x4500);
	wr_be16(&w, 28 + PAYLOAD);
	wr_be32(&w, 0);
	wr_be16(&w, 64 << 8 | 17);
	wr_be16(&w, 0);
	wr_bytes(&w, rx ? out.addr.b + 12 : in.addr.b + 12, 4);
	wr_bytes(&w, rx ? in.addr.b + 12 : out.addr.b + 12, 4);
	wr_be16(&w, ntohs(rx ? out.port : in.port));
	wr_be16(&w, ntohs(rx ? in.port : out.port));
	wr_zero(&w, 4 + PAYLOAD);
	assert_false(w.bad);
	d->r.counts.kept_packets++;
	d->r.counts.kept_bytes += rec->len;
	return rec;
}

static inline struct captured_gap flow(uint16_t port, uint64_t packets)
{
	return (struct captured_gap){ .inside = inside(port),
				      .remote = remote(),
				      .proto = 17,
				      .since_ns = NOW - 50 * NS,
				      .packets = { 0, packets },
				      .bytes = { 0, packets * 100 } };
}

static inline void note(struct desk *d, uint8_t kind, uint16_t port,
			uint64_t packets, uint64_t ago_ns)
{
	struct captured *rec =
		append(d, kind, sizeof(struct captured_gap), ago_ns);
	struct captured_gap g = flow(port, packets);

	memcpy(captured_data(rec), &g, sizeof(g));
}

static inline void write_file(struct desk *d)
{
	assert_int_equal(capture_blocks_begin(&d->b, &d->r), 0);
	assert_int_equal(capture_blocks_add(&d->b, &d->r), 0);
	assert_int_equal(capture_blocks_end(&d->b, &d->r.counts), 0);
}

/* ---- the file, read */

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, PACKET = 6, STATISTICS = 5 };
enum { COMMENT = 1, DESCRIPTION = 3, FILTER = 11 };

static inline uint32_t get32(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The n-th block of a type; NULL: there are not so many. */
static inline const uint8_t *block(const struct desk *d, uint32_t type,
				   unsigned n)
{
	for (size_t at = 0; at < d->b.len; at += get32(d->b.out + at + 4))
		if (get32(d->b.out + at) == type && !n--)
			return d->b.out + at;
	return NULL;
}

/* Of a block, the n-th option with that number, as text; "": there is none. */
static inline const char *option(const uint8_t *at, unsigned code, unsigned n)
{
	static char text[1025];
	const uint8_t *end = at + get32(at + 4) - 4;
	uint32_t type = get32(at);

	at += type == SECTION ? 24 : type == INTERFACE ? 16 : 20;
	if (type == PACKET)
		at += 8 + ((get32(at) + 3) & ~3u);
	for (; at + 4 <= end; at += 4 + (((at[2] | at[3] << 8) + 3) & ~3)) {
		unsigned len = at[2] | (unsigned)at[3] << 8;

		if ((unsigned)(at[0] | at[1] << 8) != code || n--)
			continue;
		assert_true(len < sizeof(text));
		memcpy(text, at + 4, len);
		text[len] = '\0';
		return text;
	}
	return "";
}

static inline uint64_t statistic(const struct desk *d, unsigned code)
{
	const char *value = option(block(d, STATISTICS, 0), code, 0);

	return get32((const uint8_t *)value) |
	       (uint64_t)get32((const uint8_t *)value + 4) << 32;
}

static inline void counts_are(const struct desk *d, uint64_t received,
			      uint64_t dropped, uint64_t accepted,
			      uint64_t os_dropped, uint64_t delivered)
{
	assert_int_equal(statistic(d, 4), received);
	assert_int_equal(statistic(d, 5), dropped);
	assert_int_equal(statistic(d, 6), accepted);
	assert_int_equal(statistic(d, 7), os_dropped);
	assert_int_equal(statistic(d, 8), delivered);
}

static inline const char *packet_says(const struct desk *d, unsigned n,
				      unsigned line)
{
	return option(block(d, PACKET, n), COMMENT, line);
}

static inline const char *file_says(const struct desk *d, unsigned line)
{
	return option(block(d, SECTION, 0), COMMENT, line);
}

static inline const char *end_says(const struct desk *d, unsigned line)
{
	return option(block(d, STATISTICS, 0), COMMENT, line);
}

#endif
