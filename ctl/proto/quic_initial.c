/* quic_initial.c - long headers and the frames of Initial packets. */
#include "quic_initial.h"

#include <errno.h>
#include <stdbool.h>

#include "../base/bytes.h"

#define FORM_LONG  0xc0 /* with the fixed bit */
#define TYPE_SHIFT 4
#define TYPE_MASK  3

/* RFC 9000 17.2, RFC 9369 3.2 */
enum packet_type { TYPE_INITIAL, TYPE_0RTT, TYPE_HANDSHAKE, TYPE_RETRY };

enum frame_type {
	FRAME_PADDING = 0,
	FRAME_PING = 1,
	FRAME_ACK = 2,
	FRAME_ACK_ECN = 3,
	FRAME_CRYPTO = 6,
	FRAME_CLOSE = 0x1c,
};

#define ACK_RANGES_MAX 64 /* of a client that has just begun: a few */

/* RFC 9000 16 */
static uint64_t read_varint(struct rd *r)
{
	uint8_t first = rd_u8(r);
	uint64_t v = first & 0x3f;

	for (unsigned left = (1u << (first >> 6)) - 1; left; left--)
		v = v << 8 | rd_u8(r);
	return v;
}

static enum packet_type type_of(uint8_t first, uint32_t version)
{
	unsigned type = first >> TYPE_SHIFT & TYPE_MASK;

	return version == QUIC_V2 ? (type + TYPE_MASK) & TYPE_MASK : type;
}

static void read_cid(struct rd *r, struct quic_initial *out)
{
	out->dcid_len = rd_u8(r);
	if (out->dcid_len > QUIC_CID_MAX)
		r->bad = true;
	else
		rd_bytes(r, out->dcid, out->dcid_len);
}

int quic_initial_read(const uint8_t *data, size_t len, struct quic_initial *out)
{
	struct rd r = rd_init(data, len);
	uint8_t first = rd_u8(&r);
	enum packet_type type;
	uint64_t left;

	*out = (struct quic_initial){ .version = rd_be32(&r) };
	type = type_of(first, out->version);
	if ((first & FORM_LONG) != FORM_LONG || type == TYPE_RETRY ||
	    (out->version != QUIC_V1 && out->version != QUIC_V2))
		return -EBADMSG;
	read_cid(&r, out);
	rd_skip(&r, rd_u8(&r)); /* source connection ID */
	if (type == TYPE_INITIAL) {
		left = read_varint(&r); /* token */
		rd_skip(&r, left > len ? len : (size_t)left);
	}
	left = read_varint(&r);
	if (r.bad || left > rd_left(&r))
		return -EBADMSG;
	out->pn_at = len - rd_left(&r);
	out->len = out->pn_at + (size_t)left;
	return type == TYPE_INITIAL ? 0 : -EAGAIN;
}

/* RFC 9000 19.3 */
static void skip_ack(struct rd *r, bool ecn)
{
	uint64_t ranges;

	read_varint(r);
	read_varint(r);
	ranges = read_varint(r);
	if (ranges > ACK_RANGES_MAX)
		r->bad = true;
	read_varint(r);
	for (uint64_t i = 0; i < 2 * ranges && !r->bad; i++)
		read_varint(r);
	for (unsigned i = 0; ecn && i < 3; i++)
		read_varint(r);
}

static void read_crypto(struct rd *r, struct pieces *out)
{
	uint64_t offset = read_varint(r), len = read_varint(r);
	const uint8_t *data;

	if (len > rd_left(r)) {
		r->bad = true;
		return;
	}
	data = rd_take(r, (size_t)len);
	if (data)
		pieces_add(out, offset, data, (size_t)len);
}

int quic_initial_frames(const uint8_t *plain, size_t len, struct pieces *out)
{
	struct rd r = rd_init(plain, len);

	while (rd_left(&r)) {
		uint64_t type = read_varint(&r);

		switch (type) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			skip_ack(&r, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO:
			read_crypto(&r, out);
			break;
		case FRAME_CLOSE: /* it is over */
			return 0;
		default: /* RFC 9000 12.4: no others in here */
			return -EBADMSG;
		}
	}
	return r.bad ? -EBADMSG : 0;
}
