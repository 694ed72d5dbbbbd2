/* bytes.h - bounded cursors over wire bytes.
 *
 * Every codec reads and writes through these: an access past the end sets
 * 'bad', yields zeros (or is dropped) and stays bad, so that a parser checks
 * once, at its end. Nothing here allocates or fails in another way. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A read cursor. The bytes belong to the caller and outlive the cursor. */
struct rd {
	const uint8_t *p, *end;
	bool bad;
};

/* A write cursor; 'start' stays, so that wr_len() can tell what is done. */
struct wr {
	uint8_t *start, *p, *end;
	bool bad;
};

static inline struct rd rd_init(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct rd){ .p = p, .end = p + len };
}

static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : (size_t)(r->end - r->p);
}

/* The next 'n' bytes, or NULL (and bad) when fewer are left. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
	const uint8_t *at = r->p;

	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return at;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_take(r, n);
}

/* Copies 'n' bytes out; zeros when they are not there. */
static inline void rd_bytes(struct rd *r, void *out, size_t n)
{
	const uint8_t *at = rd_take(r, n);

	if (at)
		memcpy(out, at, n);
	else
		memset(out, 0, n);
}

/* A cursor over the next 'n' bytes, which are skipped in 'r'. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *at = rd_take(r, n);

	if (!at)
		return (struct rd){ .bad = true };
	return rd_init(at, n);
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *at = rd_take(r, 1);

	return at ? at[0] : 0;
}

/* Big-endian on the wire, host order in hand. */
static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *at = rd_take(r, 2);

	if (!at)
		return 0;
	return (uint16_t)(at[0] * 256u + at[1]);
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *at = rd_take(r, 4);

	if (!at)
		return 0;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static inline struct wr wr_init(void *data, size_t len)
{
	uint8_t *p = data;

	return (struct wr){ .start = p, .p = p, .end = p + len };
}

static inline size_t wr_len(const struct wr *w)
{
	return (size_t)(w->p - w->start);
}

static inline size_t wr_left(const struct wr *w)
{
	return w->bad ? 0 : (size_t)(w->end - w->p);
}

/* Room for 'n' bytes, or NULL (and bad). */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	uint8_t *at = w->p;

	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return at;
}

static inline void wr_bytes(struct wr *w, const void *in, size_t n)
{
	uint8_t *at = wr_room(w, n);

	if (at && n)
		memcpy(at, in, n);
}

static inline void wr_zero(struct wr *w, size_t n)
{
	uint8_t *at = wr_room(w, n);

	if (at)
		memset(at, 0, n);
}

static inline void wr_u8(struct wr *w, uint8_t v)
{
	wr_bytes(w, &v, 1);
}

static inline void wr_be16(struct wr *w, uint16_t v)
{
	uint8_t b[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	wr_bytes(w, b, sizeof(b));
}

static inline void wr_be32(struct wr *w, uint32_t v)
{
	uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
			 (uint8_t)(v >> 8), (uint8_t)v };

	wr_bytes(w, b, sizeof(b));
}

/* Overwrites two bytes written before, 'at' bytes from the start. */
static inline void wr_patch_be16(struct wr *w, size_t at, uint16_t v)
{
	if (w->bad || at + 2 > wr_len(w)) {
		w->bad = true;
		return;
	}
	w->start[at] = (uint8_t)(v >> 8);
	w->start[at + 1] = (uint8_t)v;
}

#endif
