/* dns_msg.c - reads queries, writes replies (RFC 1035, 6891).
 *
 * Called by dns_answer.c and the dns room. Any thread.
 * Invariant: a message is never believed about its own counts and lengths:
 * every record is walked within the bytes that came. */
#include "dns_msg.h"

#include <errno.h>

#define OPTION_PADDING 12 /* RFC 7830 */

void dns_header_read(struct rd *r, struct dns_header *out)
{
	out->id = rd_be16(r);
	out->flags = rd_be16(r);
	out->qd = rd_be16(r);
	out->an = rd_be16(r);
	out->ns = rd_be16(r);
	out->ar = rd_be16(r);
}

void dns_header_write(struct wr *w, const struct dns_header *h)
{
	wr_be16(w, h->id);
	wr_be16(w, h->flags);
	wr_be16(w, h->qd);
	wr_be16(w, h->an);
	wr_be16(w, h->ns);
	wr_be16(w, h->ar);
}

void dns_question_read(struct rd *r, const uint8_t *msg,
		       struct dns_question *out)
{
	dns_name_read(r, msg, &out->name);
	out->type = rd_be16(r);
	out->class = rd_be16(r);
}

void dns_question_write(struct wr *w, const struct dns_question *q)
{
	dns_name_write(w, &q->name);
	wr_be16(w, q->type);
	wr_be16(w, q->class);
}

/* Behind the owner. */
static void read_rr(struct rd *r, const uint8_t *msg, struct dns_rr *out)
{
	out->type = rd_be16(r);
	out->class = rd_be16(r);
	out->ttl_at = (size_t)(r->p - msg);
	out->ttl = rd_be32(r);
	out->rdlen = rd_be16(r);
	out->rdata_at = (size_t)(r->p - msg);
	rd_skip(r, out->rdlen);
}

void dns_rr_read(struct rd *r, const uint8_t *msg, struct dns_rr *out)
{
	out->at = (size_t)(r->p - msg);
	dns_name_read(r, msg, &out->owner);
	read_rr(r, msg, out);
}

void dns_rr_reread(struct rd *r, const uint8_t *msg, struct dns_rr *out)
{
	out->at = (size_t)(r->p - msg);
	out->owner.len = 0;
	dns_name_reskip(r);
	read_rr(r, msg, out);
}

void dns_question_reskip(struct rd *r)
{
	dns_name_reskip(r);
	rd_skip(r, 4);
}

void dns_rr_write(struct wr *w, const struct dns_name *owner, uint16_t type,
		  uint32_t ttl, uint16_t rdlen)
{
	dns_name_write(w, owner);
	wr_be16(w, type);
	wr_be16(w, DNS_IN);
	wr_be32(w, ttl);
	wr_be16(w, rdlen);
}

/* OPT up to the length of its options. */
static void begin_opt(struct wr *w, uint16_t udp_size, unsigned rcode,
		      bool dnssec_ok)
{
	wr_u8(w, 0);
	wr_be16(w, DNS_OPT);
	wr_be16(w, udp_size);
	wr_u8(w, (uint8_t)(rcode >> 4));
	wr_u8(w, 0);
	wr_be16(w, dnssec_ok ? DNS_OPT_DO : 0);
}

void dns_opt_write(struct wr *w, uint16_t udp_size, unsigned rcode,
		   bool dnssec_ok)
{
	begin_opt(w, udp_size, rcode, dnssec_ok);
	wr_be16(w, 0);
}

void dns_opt_write_padded(struct wr *w, uint16_t udp_size, bool dnssec_ok)
{
	size_t len = wr_len(w) + DNS_OPT_LEN + DNS_OPTION_LEN;
	size_t pad = (DNS_PAD_BLOCK - len % DNS_PAD_BLOCK) % DNS_PAD_BLOCK;

	begin_opt(w, udp_size, DNS_NOERROR, dnssec_ok);
	wr_be16(w, (uint16_t)(DNS_OPTION_LEN + pad));
	wr_be16(w, OPTION_PADDING);
	wr_be16(w, (uint16_t)pad);
	wr_zero(w, pad);
}

/* Options are code, length, data, and nothing else (RFC 6891, 6.1.2). */
static bool options_well_formed(const uint8_t *msg, const struct dns_rr *rr)
{
	struct rd r = rd_init(msg + rr->rdata_at, rr->rdlen);

	while (rd_left(&r)) {
		rd_be16(&r);
		rd_skip(&r, rd_be16(&r));
	}
	return !r.bad;
}

/* Takes the client's OPT record. RFC 6891, 6.1.1 and 6.1.3. */
static unsigned take_opt(struct dns_query *q, const uint8_t *msg,
			 const struct dns_rr *rr)
{
	bool twice = q->edns;

	q->edns = true;
	if (twice || rr->owner.len != 1 || !options_well_formed(msg, rr))
		return DNS_FORMERR;
	q->dnssec_ok = rr->ttl & DNS_OPT_DO;
	q->udp_size = rr->class > DNS_UDP_MIN ? rr->class : DNS_UDP_MIN;
	return (rr->ttl >> 16 & 0xff) ? DNS_BADVERS : DNS_NOERROR;
}

static unsigned read_records(struct rd *r, const uint8_t *msg, unsigned n,
			     struct dns_query *out)
{
	unsigned rcode = DNS_NOERROR;

	while (n-- && !rcode) {
		struct dns_rr rr;

		dns_rr_read(r, msg, &rr);
		if (r->bad)
			return DNS_FORMERR;
		if (rr.type == DNS_OPT)
			rcode = take_opt(out, msg, &rr);
	}
	return rcode;
}

int dns_query_read(const uint8_t *msg, size_t len, struct dns_query *out)
{
	struct rd r = rd_init(msg, len);
	struct dns_header h;

	memset(out, 0, sizeof(*out));
	out->udp_size = DNS_UDP_MIN;
	dns_header_read(&r, &h);
	if (r.bad || (h.flags & DNS_QR))
		return -EBADMSG;
	out->id = h.id;
	out->flags = h.flags;
	if (h.flags & DNS_OPCODE)
		return DNS_NOTIMP;
	if (h.qd != 1 || h.an || h.ns)
		return DNS_FORMERR;
	dns_question_read(&r, msg, &out->q);
	if (r.bad)
		return DNS_FORMERR;
	out->has_question = true;
	return (int)read_records(&r, msg, h.ar, out);
}

struct dns_key dns_key(const struct dns_query *q)
{
	struct dns_key key = { .len = 0 };
	struct dns_name name = q->q.name;
	struct wr w = wr_init(key.b, sizeof(key.b));

	dns_name_lower(&name);
	dns_name_write(&w, &name);
	wr_be16(&w, q->q.type);
	wr_be16(&w, q->q.class);
	wr_u8(&w, (uint8_t)(q->dnssec_ok | !!(q->flags & DNS_CD) << 1));
	key.len = (uint16_t)wr_len(&w);
	return key;
}

static uint16_t reply_flags(const struct dns_query *q, unsigned rcode)
{
	unsigned kept = q->flags & (DNS_OPCODE | DNS_RD | DNS_CD);

	return (uint16_t)(DNS_QR | DNS_RA | kept | (rcode & DNS_RCODE));
}

void dns_reply_write(struct wr *w, const struct dns_query *q, unsigned rcode)
{
	struct dns_header h = {
		.id = q->id,
		.flags = reply_flags(q, rcode),
		.qd = q->has_question,
	};

	dns_header_write(w, &h);
	if (q->has_question)
		dns_question_write(w, &q->q);
}

void dns_counts_patch(struct wr *w, uint16_t an, uint16_t ns, uint16_t ar)
{
	wr_patch_be16(w, 6, an);
	wr_patch_be16(w, 8, ns);
	wr_patch_be16(w, 10, ar);
}

void dns_error_write(struct wr *w, const struct dns_query *q, unsigned rcode)
{
	dns_reply_write(w, q, rcode);
	if (!q->edns)
		return;
	dns_opt_write(w, DNS_UDP_EDNS, rcode, q->dnssec_ok);
	dns_counts_patch(w, 0, 0, 1);
}

void dns_flags_add(struct wr *w, const struct dns_query *q, unsigned rcode,
		   uint16_t flags)
{
	wr_patch_be16(w, 2, (uint16_t)(reply_flags(q, rcode) | flags));
}

void dns_truncated_write(struct wr *w, const struct dns_query *q,
			 unsigned rcode)
{
	dns_error_write(w, q, rcode);
	dns_flags_add(w, q, rcode, DNS_TC);
}
