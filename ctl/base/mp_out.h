/* mp_out.h - msgpack, written into memory that grows (msgpack-c).
 *
 * Want of memory makes it bad and stays so: checked once, at the end. Pure. */
#ifndef BASE_MP_OUT_H
#define BASE_MP_OUT_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mp_out {
	msgpack_sbuffer buffer;
	msgpack_packer packer;
	bool bad;
};

/* It must stay where it is until mp_out_take(). */
void mp_out_begin(struct mp_out *o);
void mp_out_array(struct mp_out *o, size_t n);
void mp_out_uint(struct mp_out *o, uint64_t n);
void mp_out_bool(struct mp_out *o, bool yes);
void mp_out_bin(struct mp_out *o, const void *data, size_t len);
void mp_out_text(struct mp_out *o, const char *text);
/* What was written, malloc'ed; NULL: it is bad. It is over then. */
void *mp_out_take(struct mp_out *o, size_t *len);

#endif
