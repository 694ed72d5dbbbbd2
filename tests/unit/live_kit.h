/* live_kit.h - pages that listen, for test_live*.c: they block in name, the
 * loop runs while they wait. */
#ifndef TEST_LIVE_KIT_H
#define TEST_LIVE_KIT_H

#include "api_house.h"

#include <msgpack.h>

#include "../../ctl/api/room.h"
#include "../../ctl/base/bytes.h"

#define OFFER_OF(target)                                                       \
	"GET " target " HTTP/1.1\r\nUpgrade: websocket\r\n"                    \
	"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                 \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define OFFER OFFER_OF("/api/v1/live")
#define OWN   "Host: 127.0.0.1\r\n"

/* ---- a page: blocking in name, the loop runs while it waits */

static inline int page_from(const char *source, const char *headers)
{
	struct sockaddr_in me = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 4096;

	inet_pton(AF_INET, source, &me.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(bind(fd, (struct sockaddr *)&me, sizeof(me)), 0);
	assert_int_equal(
		connect(fd, (struct sockaddr *)&lan_at, sizeof(lan_at)), 0);
	assert_true(send(fd, OFFER, sizeof(OFFER) - 1, 0) > 0);
	assert_true(send(fd, headers, strlen(headers), 0) > 0);
	assert_true(send(fd, "\r\n", 2, 0) > 0);
	return fd;
}

static inline void take(int fd, void *out, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned tries = 0;
	char *at = out;
	ssize_t n;

	while (len && tries++ < 20000) {
		spin(1);
		if (poll(&p, 1, 1) <= 0)
			continue;
		n = recv(fd, at, len, 0);
		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
	assert_int_equal(len, 0);
}

/* Of each connection, what came in one list with what was looked at last. */
static json_t *unread[1024];

/* The status of the reply; its head is taken. */
static inline int take_head(int fd)
{
	static char text[4096];
	size_t n = 0;

	assert_in_range(fd, 0, sizeof(unread) / sizeof(unread[0]) - 1);
	json_decref(unread[fd]);
	unread[fd] = NULL;
	do
		take(fd, text + n++, 1);
	while (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4));
	text[n] = '\0';
	assert_non_null(strstr(text, "default-src 'self'"));
	return atoi(text + sizeof("HTTP/1.1"));
}

static inline json_t *from_msgpack(const msgpack_object *o)
{
	json_t *json;
	char key[64];
	uint32_t i;

	switch (o->type) {
	case MSGPACK_OBJECT_MAP:
		json = json_object();
		for (i = 0; i < o->via.map.size; i++) {
			const msgpack_object_kv *kv = &o->via.map.ptr[i];

			assert_int_equal(kv->key.type, MSGPACK_OBJECT_STR);
			snprintf(key, sizeof(key), "%.*s",
				 (int)kv->key.via.str.size,
				 kv->key.via.str.ptr);
			json_object_set_new(json, key, from_msgpack(&kv->val));
		}
		return json;
	case MSGPACK_OBJECT_ARRAY:
		json = json_array();
		for (i = 0; i < o->via.array.size; i++)
			json_array_append_new(
				json, from_msgpack(&o->via.array.ptr[i]));
		return json;
	case MSGPACK_OBJECT_STR:
		return json_stringn(o->via.str.ptr, o->via.str.size);
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		return json_integer((json_int_t)o->via.u64);
	case MSGPACK_OBJECT_FLOAT64:
		return json_real(o->via.f64);
	case MSGPACK_OBJECT_BOOLEAN:
		return json_boolean(o->via.boolean);
	case MSGPACK_OBJECT_NIL:
		return json_null();
	default:
		fail_msg("msgpack type %d", o->type);
		return NULL;
	}
}

/* The next list of messages; it must be one frame and one value. */
static inline json_t *take_list(int fd)
{
	static char payload[1 << 20];
	msgpack_unpacked result;
	struct rd r;
	uint8_t head[4];
	size_t len, used = 0;
	json_t *json;

	take(fd, head, 2);
	assert_int_equal(head[0], 0x82);
	len = head[1];
	assert_true(len < 127);
	if (len == 126) {
		take(fd, head, 2);
		r = rd_init(head, 2);
		len = rd_be16(&r);
	}
	take(fd, payload, len);
	msgpack_unpacked_init(&result);
	assert_int_equal(msgpack_unpack_next(&result, payload, len, &used),
			 MSGPACK_UNPACK_SUCCESS);
	assert_int_equal(used, len);
	json = from_msgpack(&result.data);
	msgpack_unpacked_destroy(&result);
	assert_true(json_array_size(json) > 0);
	return json;
}

/* The next message. */
static inline json_t *take_message(int fd)
{
	json_t *message;

	if (!json_array_size(unread[fd])) {
		json_decref(unread[fd]);
		unread[fd] = take_list(fd);
	}
	message = json_incref(json_array_get(unread[fd], 0));
	json_array_remove(unread[fd], 0);
	return message;
}

static inline const char *text_of(const json_t *message, const char *key)
{
	return json_string_value(json_object_get(message, key));
}

static inline json_int_t number_of(const json_t *message, const char *key)
{
	assert_true(json_is_integer(json_object_get(message, key)));
	return json_integer_value(json_object_get(message, key));
}

static inline bool is_type(const json_t *message, const char *type)
{
	return !strcmp(text_of(message, "type"), type);
}

/* The next message of this type; others are passed over. */
static inline json_t *await(int fd, const char *type)
{
	json_t *message = take_message(fd);

	while (!is_type(message, type)) {
		json_decref(message);
		message = take_message(fd);
	}
	return message;
}

static inline int listening(const char *source)
{
	int fd = page_from(source, OWN);

	assert_int_equal(take_head(fd), 101);
	return fd;
}

static inline void leave(int fd)
{
	json_decref(unread[fd]);
	unread[fd] = NULL;
	close(fd);
	spin(5);
}

#endif
