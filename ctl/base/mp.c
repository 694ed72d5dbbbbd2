/* mp.c - msgpack, read through a bounded cursor.
 *
 * Called by the rooms that keep state. Pure; no state. */
#include "mp.h"

/* The specification's first bytes. */
enum mp_head {
	MP_FIXINT_MAX = 0x7f,
	MP_FIXARRAY = 0x90, /* low four bits: how many */
	MP_FIXSTR = 0xa0,   /* low five: how long */
	MP_FALSE = 0xc2,
	MP_TRUE = 0xc3,
	MP_BIN8 = 0xc4,
	MP_BIN16 = 0xc5,
	MP_BIN32 = 0xc6,
	MP_UINT8 = 0xcc,
	MP_UINT16 = 0xcd,
	MP_UINT32 = 0xce,
	MP_UINT64 = 0xcf,
	MP_STR8 = 0xd9,
	MP_STR16 = 0xda,
	MP_STR32 = 0xdb,
	MP_ARRAY16 = 0xdc,
	MP_ARRAY32 = 0xdd,
};

uint32_t mp_array(struct rd *r)
{
	uint8_t head = rd_u8(r);
	uint32_t n = 0;

	if ((head & 0xf0) == MP_FIXARRAY)
		n = head & 0x0f;
	else if (head == MP_ARRAY16)
		n = rd_be16(r);
	else if (head == MP_ARRAY32)
		n = rd_be32(r);
	else
		r->bad = true;
	if (n > rd_left(r))
		r->bad = true;
	return r->bad ? 0 : n;
}

uint64_t mp_uint(struct rd *r)
{
	uint8_t head = rd_u8(r);
	uint64_t high;

	if (head <= MP_FIXINT_MAX)
		return head;
	switch (head) {
	case MP_UINT8:
		return rd_u8(r);
	case MP_UINT16:
		return rd_be16(r);
	case MP_UINT32:
		return rd_be32(r);
	case MP_UINT64:
		high = rd_be32(r);
		return high << 32 | rd_be32(r);
	}
	r->bad = true;
	return 0;
}

bool mp_bool(struct rd *r)
{
	uint8_t head = rd_u8(r);

	if (head != MP_FALSE && head != MP_TRUE)
		r->bad = true;
	return !r->bad && head == MP_TRUE;
}

/* The length behind the head of a kind that has three sizes of it. */
static size_t length(struct rd *r, uint8_t head, uint8_t first)
{
	switch (head - first) {
	case 0:
		return rd_u8(r);
	case 1:
		return rd_be16(r);
	case 2:
		return rd_be32(r);
	}
	r->bad = true;
	return 0;
}

static const uint8_t *take(struct rd *r, size_t n, size_t *len)
{
	const uint8_t *at = rd_take(r, n);

	*len = at ? n : 0;
	return at;
}

const uint8_t *mp_bin(struct rd *r, size_t *len)
{
	uint8_t head = rd_u8(r);

	return take(r, length(r, head, MP_BIN8), len);
}

void mp_bin_exact(struct rd *r, void *out, size_t len)
{
	size_t n;
	const uint8_t *at = mp_bin(r, &n);

	if (at && n == len) {
		memcpy(out, at, len);
		return;
	}
	r->bad = true;
	memset(out, 0, len);
}

void mp_text(struct rd *r, char *out, size_t size)
{
	uint8_t head = rd_u8(r);
	size_t n = (head & 0xe0) == MP_FIXSTR ? head & 0x1f
					      : length(r, head, MP_STR8);
	const uint8_t *at = take(r, n, &n);

	if (!at || n >= size || memchr(at, '\0', n)) {
		r->bad = true;
		n = 0;
	}
	if (n)
		memcpy(out, at, n);
	out[n] = '\0';
}
