/* tls_hello.c - walks a ClientHello as far as it is there. */
#include "tls_hello.h"

#include <errno.h>

#include "../base/bytes.h"

#define RECORD_HANDSHAKE 22
#define RECORD_MAX	 16384 /* RFC 8446 5.1 */
#define CLIENT_HELLO	 1
#define EXT_SERVER_NAME	 0
#define EXT_ECH		 0xfe0d
#define NAME_HOST	 0

/* RFC 6066 3: a list of names, of one type that there is. */
static void read_names(struct rd r, struct tls_hello *out)
{
	struct rd list = rd_sub(&r, rd_be16(&r));

	while (rd_left(&list)) {
		uint8_t type = rd_u8(&list);
		uint16_t len = rd_be16(&list);
		const uint8_t *name = rd_take(&list, len);

		if (!name || type != NAME_HOST)
			continue;
		if (!host_name_clean(name, len, out->name))
			out->name[0] = '\0';
		return;
	}
}

static void read_extensions(struct rd *r, struct tls_hello *out)
{
	while (rd_left(r)) {
		uint16_t type = rd_be16(r);
		struct rd body = rd_sub(r, rd_be16(r));

		if (r->bad)
			return;
		if (type == EXT_SERVER_NAME)
			read_names(body, out);
		else if (type == EXT_ECH)
			out->ech = true;
	}
}

static void read_body(struct rd *r, struct tls_hello *out)
{
	rd_skip(r, 2 + 32); /* version, random */
	rd_skip(r, rd_u8(r));
	rd_skip(r, rd_be16(r));
	rd_skip(r, rd_u8(r));
	if (!rd_left(r)) /* SSL 3.0 had none */
		return;
	if (rd_be16(r) < rd_left(r))
		r->bad = true;
	read_extensions(r, out);
}

int tls_hello_read(const uint8_t *msg, size_t len, struct tls_hello *out)
{
	struct rd r = rd_init(msg, len);
	uint32_t head = rd_be32(&r), body = head & 0xffffff;
	bool whole = rd_left(&r) >= body;

	*out = (struct tls_hello){ 0 };
	if (len && msg[0] != CLIENT_HELLO)
		return -EBADMSG;
	if (r.bad)
		return -EAGAIN;
	if (whole)
		r = rd_sub(&r, body);
	read_body(&r, out);
	if (!whole)
		return -EAGAIN;
	return r.bad ? -EBADMSG : 0;
}

int tls_hello_unwrap(const uint8_t *stream, size_t len, uint8_t *out)
{
	struct rd r = rd_init(stream, len);
	struct wr w = wr_init(out, len);

	while (rd_left(&r) >= 5) {
		uint8_t type = rd_u8(&r), major = rd_u8(&r);
		uint16_t part;

		rd_u8(&r);
		part = rd_be16(&r);
		if (type != RECORD_HANDSHAKE || major != 3 || !part ||
		    part > RECORD_MAX)
			return wr_len(&w) ? (int)wr_len(&w) : -EBADMSG;
		if (part > rd_left(&r))
			part = (uint16_t)rd_left(&r);
		wr_bytes(&w, rd_take(&r, part), part);
	}
	return (int)wr_len(&w);
}
