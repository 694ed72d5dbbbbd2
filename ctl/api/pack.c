/* pack.c - a JSON value as a message of msgpack, ready to be sent.
 *
 * Called by live.c. Control thread; no state. What the API returns and what a
 * page hears are made from the same value, so that they cannot differ. */
#include <msgpack.h>
#include <string.h>

#include "room.h"

/* All of these: 0, or not for want of memory. The depth is that of our own
 * values, never of a client's. */
static int pack(msgpack_packer *out, json_t *value);

static int pack_text(msgpack_packer *out, const char *text, size_t len)
{
	int r = msgpack_pack_str(out, len);

	return r ? r : msgpack_pack_str_body(out, text, len);
}

static int pack_object(msgpack_packer *out, json_t *object)
{
	int r = msgpack_pack_map(out, json_object_size(object));
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		if (!r)
			r = pack_text(out, key, strlen(key));
		if (!r)
			r = pack(out, value);
	}
	return r;
}

static int pack_array(msgpack_packer *out, json_t *array)
{
	int r = msgpack_pack_array(out, json_array_size(array));
	json_t *value;
	size_t i;

	json_array_foreach(array, i, value) if (!r) r = pack(out, value);
	return r;
}

static int pack(msgpack_packer *out, json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return pack_object(out, value);
	case JSON_ARRAY:
		return pack_array(out, value);
	case JSON_STRING:
		return pack_text(out, json_string_value(value),
				 json_string_length(value));
	case JSON_INTEGER:
		return msgpack_pack_int64(out, json_integer_value(value));
	case JSON_REAL:
		return msgpack_pack_double(out, json_real_value(value));
	case JSON_TRUE:
		return msgpack_pack_true(out);
	case JSON_FALSE:
		return msgpack_pack_false(out);
	case JSON_NULL:
		break;
	}
	return msgpack_pack_nil(out);
}

struct ws_frame *pack_frame(json_t *json)
{
	struct ws_frame *frame = NULL;
	msgpack_sbuffer buffer;
	msgpack_packer out;

	if (!json)
		return NULL;
	msgpack_sbuffer_init(&buffer);
	msgpack_packer_init(&out, &buffer, msgpack_sbuffer_write);
	if (!pack(&out, json))
		frame = ws_frame_new(buffer.data, buffer.size);
	msgpack_sbuffer_destroy(&buffer);
	json_decref(json);
	return frame;
}
