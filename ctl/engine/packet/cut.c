/* cut.c - the fragmenter.
 * Called by nat_path.c and nat_frag.c at the end of a packet's way. Engine
 * thread only.
 * Invariant: the pieces' payloads, one after the other, are the packet's. */
#include "cut.h"

#include <errno.h>
#include <string.h>

#include "../../base/bytes.h"
#include "csum.h"

#define IPV4_HEADER  20
#define IPV4_OPTIONS 40
#define IPV4_LEN     2 /* offsets in the header */
#define IPV4_FIELD   6
#define IPV4_MF	     0x2000
#define OPTION_END   0
#define OPTION_NOP   1
#define OPTION_COPY  0x80

/* Where the packet is cut, in bytes of payload. */
struct plan {
	uint16_t hlen; /* of the packet and the first piece */
	uint16_t payload;
	uint16_t first;		       /* payload of the first piece */
	uint16_t hlen_on;	       /* of the others */
	uint16_t step;		       /* payload of the others but the last */
	uint8_t options[IPV4_OPTIONS]; /* those of the others */
};

/* The options that every fragment carries, padded; returns their length. */
static uint16_t copied_options(struct rd in, uint8_t out[IPV4_OPTIONS])
{
	struct wr w = wr_init(out, IPV4_OPTIONS);

	while (rd_left(&in)) {
		const uint8_t *at = in.p;
		uint8_t type = rd_u8(&in);
		uint8_t len;

		if (type == OPTION_END)
			break;
		if (type == OPTION_NOP)
			continue;
		len = rd_u8(&in);
		if (len < 2)
			break;
		rd_skip(&in, len - 2u);
		if (in.bad)
			break;
		if (type & OPTION_COPY)
			wr_bytes(&w, at, len);
	}
	wr_zero(&w, -wr_len(&w) % 4);
	return (uint16_t)wr_len(&w);
}

static struct plan plan_of(const struct pkt *p, uint16_t mtu)
{
	struct plan c = { .hlen = p->l4 - p->l3 };
	struct rd options =
		rd_init(p->data + p->l3 + IPV4_HEADER, c.hlen - IPV4_HEADER);

	c.payload = p->l3_len - c.hlen;
	c.hlen_on = IPV4_HEADER + copied_options(options, c.options);
	if (mtu < c.hlen + 8)
		return c;
	c.first = (uint16_t)(mtu - c.hlen) & 0xfff8;
	c.step = (uint16_t)(mtu - c.hlen_on) & 0xfff8;
	return c;
}

/* Length, offset and checksum of a header that stands in 'ip'. */
static void finish_header(uint8_t *ip, uint16_t hlen, uint16_t payload,
			  uint16_t offset, bool more)
{
	struct wr w = wr_init(ip, hlen);
	uint16_t csum;

	wr_room(&w, IPV4_LEN);
	wr_be16(&w, hlen + payload);
	wr_room(&w, IPV4_FIELD - IPV4_LEN - 2);
	wr_be16(&w, offset / 8 | (more ? IPV4_MF : 0));
	rewrite_store16(ip + IPV4_CSUM, 0);
	csum = csum_of(ip, hlen);
	rewrite_store16(ip + IPV4_CSUM, csum);
}

/* One of the later pieces: 'done' bytes of payload went before it. */
static void write_piece(struct pktbuf *buf, const struct pkt *p,
			const struct plan *c, uint16_t done)
{
	uint16_t left = c->payload - done;
	uint16_t payload = left > c->step ? c->step : left;
	bool more = left > c->step || p->flags & PKT_FRAG_MORE;
	struct wr w = wr_init(buf->frame, sizeof(buf->frame));
	struct pkt *piece = &buf->pkt;

	wr_bytes(&w, p->data, p->l3 + IPV4_HEADER);
	wr_bytes(&w, c->options, c->hlen_on - IPV4_HEADER);
	wr_bytes(&w, p->data + p->l4 + done, payload);
	buf->frame[p->l3] = (uint8_t)(4 << 4 | c->hlen_on / 4);
	piece->l4 = p->l3 + c->hlen_on;
	piece->l3_len = c->hlen_on + payload;
	piece->len = p->l3 + piece->l3_len;
	piece->frag_off = p->frag_off + done;
	piece->flags = (piece->flags & ~(PKT_FRAG_FIRST | PKT_FRAG_MORE)) |
		       PKT_FRAG | (more ? PKT_FRAG_MORE : 0);
	finish_header(buf->frame + p->l3, c->hlen_on, payload, piece->frag_off,
		      more);
	buf->decided = true;
}

int cut(struct pktbufs *b, struct pkt *p, uint16_t mtu, uint32_t *bytes)
{
	struct plan c = plan_of(p, mtu);
	unsigned n;

	if (!c.first || p->l3 + mtu > PKTBUF_BYTES)
		return -EMSGSIZE;
	n = (c.payload - c.first + c.step - 1u) / c.step;
	if (n > pktbuf_left(b, PKTBUF_CUT))
		return -ENOBUFS;
	*bytes = n * c.hlen_on + c.payload - c.first;
	for (uint32_t done = c.first; done < c.payload; done += c.step) {
		uint32_t i = pktbuf_take(b, PKTBUF_CUT, p);

		write_piece(pktbuf_at(b, i), p, &c, (uint16_t)done);
		pktbuf_append(b, &b->out, i);
	}
	p->l3_len = c.hlen + c.first;
	p->len = p->l3 + p->l3_len;
	finish_header(p->data + p->l3, c.hlen, c.first, p->frag_off, true);
	if (!(p->flags & PKT_FRAG))
		p->flags |= PKT_FRAG_FIRST;
	p->flags |= PKT_FRAG | PKT_FRAG_MORE;
	return (int)n;
}
