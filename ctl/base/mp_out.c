/* mp_out.c - see mp_out.h. Called by the rooms that keep state. Pure. */
#include "mp_out.h"

#include <string.h>

void mp_out_begin(struct mp_out *o)
{
	o->bad = false;
	msgpack_sbuffer_init(&o->buffer);
	msgpack_packer_init(&o->packer, &o->buffer, msgpack_sbuffer_write);
}

void mp_out_array(struct mp_out *o, size_t n)
{
	o->bad |= msgpack_pack_array(&o->packer, n) != 0;
}

void mp_out_uint(struct mp_out *o, uint64_t n)
{
	o->bad |= msgpack_pack_uint64(&o->packer, n) != 0;
}

void mp_out_bool(struct mp_out *o, bool yes)
{
	o->bad |= (yes ? msgpack_pack_true(&o->packer)
		       : msgpack_pack_false(&o->packer)) != 0;
}

void mp_out_bin(struct mp_out *o, const void *data, size_t len)
{
	o->bad |= msgpack_pack_bin(&o->packer, len) ||
		  (len && msgpack_pack_bin_body(&o->packer, data, len));
}

void mp_out_text(struct mp_out *o, const char *text)
{
	size_t len = strlen(text);

	o->bad |= msgpack_pack_str(&o->packer, len) ||
		  (len && msgpack_pack_str_body(&o->packer, text, len));
}

void *mp_out_take(struct mp_out *o, size_t *len)
{
	if (o->bad) {
		msgpack_sbuffer_destroy(&o->buffer);
		return NULL;
	}
	*len = o->buffer.size;
	return msgpack_sbuffer_release(&o->buffer);
}
