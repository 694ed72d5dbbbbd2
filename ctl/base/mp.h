/* mp.h - msgpack, read through a bounded cursor.
 *
 * For the state files, which msgpack-c writes: what is read may have been cut
 * short or changed, and must not make us reserve what it claims to hold. Each
 * of these takes one value; another kind of value sets r->bad and yields zero.
 * Pure. */
#ifndef BASE_MP_H
#define BASE_MP_H

#include "bytes.h"

/* How many values follow. Each takes a byte at least, so that it is bad when
 * fewer bytes are left. */
uint32_t mp_array(struct rd *r);
/* Not negative. */
uint64_t mp_uint(struct rd *r);
bool mp_bool(struct rd *r);
/* A view; NULL and length 0 when it is bad. */
const uint8_t *mp_bin(struct rd *r, size_t *len);
/* Exactly 'len' bytes; zeros when it is bad. */
void mp_bin_exact(struct rd *r, void *out, size_t len);
/* A text that fits 'out' with its NUL and has none inside; "" when it is bad.
 */
void mp_text(struct rd *r, char *out, size_t size);

#endif
