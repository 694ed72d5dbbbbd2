/* sha1.c - see sha1.h. Called by ws_key.c. Pure: all state is on the stack. */
#include "sha1.h"

#include "../base/bytes.h"

#define BLOCK	   64
#define LENGTH_LEN 8 /* the message's in bits, ends the last block */

struct state {
	uint32_t h[5];
};

static uint32_t rotate(uint32_t v, unsigned bits)
{
	return v << bits | v >> (32 - bits);
}

/* RFC 3174, 6.1: the 80 words of a block, the first 16 as they stand. */
static void expand(const uint8_t block[BLOCK], uint32_t w[80])
{
	struct rd r = rd_init(block, BLOCK);
	unsigned t;

	for (t = 0; t < 16; t++)
		w[t] = rd_be32(&r);
	for (; t < 80; t++)
		w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
}

/* RFC 3174, 5: function and constant of step 't'. */
static uint32_t mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
	if (t < 20)
		return ((b & c) | (~b & d)) + 0x5a827999;
	if (t < 40)
		return (b ^ c ^ d) + 0x6ed9eba1;
	if (t < 60)
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

static void add_block(struct state *s, const uint8_t block[BLOCK])
{
	uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3],
		 e = s->h[4];
	uint32_t w[80], next;
	unsigned t;

	expand(block, w);
	for (t = 0; t < 80; t++) {
		next = rotate(a, 5) + mix(t, b, c, d) + e + w[t];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	s->h[0] += a;
	s->h[1] += b;
	s->h[2] += c;
	s->h[3] += d;
	s->h[4] += e;
}

void sha1(const void *data, size_t len, uint8_t out[SHA1_LEN])
{
	struct state s = { { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
			     0xc3d2e1f0 } };
	struct rd r = rd_init(data, len);
	struct wr w = wr_init(out, SHA1_LEN);
	uint8_t last[2 * BLOCK];
	struct wr pad = wr_init(last, sizeof(last));
	size_t left, size;
	unsigned i;

	while (rd_left(&r) >= BLOCK)
		add_block(&s, rd_take(&r, BLOCK));
	left = rd_left(&r);
	size = left + 1 + LENGTH_LEN > BLOCK ? sizeof(last) : BLOCK;
	wr_bytes(&pad, r.p, left);
	wr_u8(&pad, 0x80);
	wr_zero(&pad, size - LENGTH_LEN - left - 1);
	wr_be32(&pad, (uint32_t)((uint64_t)len * 8 >> 32));
	wr_be32(&pad, (uint32_t)((uint64_t)len * 8));
	add_block(&s, last);
	if (size > BLOCK)
		add_block(&s, last + BLOCK);
	for (i = 0; i < 5; i++)
		wr_be32(&w, s.h[i]);
}
