/* dns_answer.c - reads, keeps and repeats answers (RFC 1035, 2181, 2308).
 *
 * Called by the dns room. Any thread. Invariant: every offset in ttl_at lies
 * within the kept length. */
#include "dns_answer.h"

#include <errno.h>

#include "dns_rdata.h"

#define TTL_SIGN	0x80000000u
#define SOA_MINIMUM_LEN 4 /* the last field of SOA */

enum section { ANSWER, AUTHORITY, ADDITIONAL };

/* What a walk over the sections finds besides what it notes in the answer. */
struct walk {
	struct rd r;
	const uint8_t *msg;
	struct dns_answer *a;
	bool positive; /* a record of the type that was asked for */
	bool soa;      /* the authority says how long "no" holds */
	bool opt;      /* OPT came: what follows is not kept */
};

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* RFC 2308, 5: "no" holds for the smaller of the SOA's TTL and its MINIMUM. */
static uint32_t negative_ttl(const uint8_t *msg, const struct dns_rr *soa)
{
	struct rd r = rd_init(msg + soa->rdata_at, soa->rdlen);

	rd_skip(&r, rd_left(&r) - SOA_MINIMUM_LEN);
	return min_u32(rd_be32(&r), DNS_NEGATIVE_TTL_MAX_S);
}

/* RFC 2181, 8: with the highest bit set it is none. */
static uint32_t ttl_of(uint32_t told)
{
	return told & TTL_SIGN ? 0 : told;
}

static void note_ttl(struct walk *w, const struct dns_rr *rr, uint32_t ttl)
{
	struct dns_answer *a = w->a;

	a->ttl_s = min_u32(a->ttl_s, ttl);
	if (a->ttl_n < DNS_ANSWER_TTLS_MAX)
		a->ttl_at[a->ttl_n++] = (uint16_t)rr->ttl_at;
	else
		a->cacheable = false;
}

static bool note_record(struct walk *w, const struct dns_rr *rr,
			enum section section)
{
	struct dns_answer *a = w->a;
	uint32_t ttl = ttl_of(rr->ttl);

	if (!dns_rdata_well_formed(w->msg, rr))
		return false;
	if (section == ANSWER) {
		w->positive |= rr->type == a->q.type || a->q.type == DNS_ANY;
		a->private_addr |= dns_rdata_private(w->msg, rr);
		a->chain |= rr->type == DNS_CNAME;
	}
	if (section == AUTHORITY && rr->type == DNS_SOA) {
		w->soa = true;
		ttl = min_u32(ttl, negative_ttl(w->msg, rr));
	}
	note_ttl(w, rr, ttl);
	return true;
}

/* OPT is the hop's own and stays here. RFC 6891, 6.1.1: one, in the additional
 * section, owned by the root. */
static bool note_opt(struct walk *w, const struct dns_rr *rr,
		     enum section section)
{
	if (w->opt || section != ADDITIONAL || rr->owner.len != 1)
		return false;
	w->opt = true;
	w->a->len = rr->at;
	w->a->rcode |= rr->ttl >> 24 << 4;
	return true;
}

static bool walk_section(struct walk *w, unsigned n, enum section section,
			 uint16_t *kept)
{
	while (n--) {
		struct dns_rr rr;

		dns_rr_read(&w->r, w->msg, &rr);
		if (w->r.bad)
			return false;
		if (rr.type == DNS_OPT) {
			if (!note_opt(w, &rr, section))
				return false;
			continue;
		}
		if (w->opt)
			continue;
		if (!note_record(w, &rr, section))
			return false;
		++*kept;
	}
	return true;
}

static bool walk_all(struct walk *w, const struct dns_header *h)
{
	struct dns_answer *a = w->a;

	if (!walk_section(w, h->an, ANSWER, &a->an) ||
	    !walk_section(w, h->ns, AUTHORITY, &a->ns) ||
	    !walk_section(w, h->ar, ADDITIONAL, &a->ar))
		return false;
	if (!w->opt)
		a->len = (size_t)(w->r.p - w->msg);
	return true;
}

int dns_answer_read(const uint8_t *msg, size_t len, struct dns_answer *out)
{
	struct walk w = { .r = rd_init(msg, len), .msg = msg, .a = out };
	struct dns_header h;

	memset(out, 0, offsetof(struct dns_answer, ttl_at));
	dns_header_read(&w.r, &h);
	if (w.r.bad || !(h.flags & DNS_QR) || (h.flags & DNS_OPCODE) ||
	    h.qd > 1)
		return -EBADMSG;
	out->id = h.id;
	out->flags = h.flags;
	out->rcode = h.flags & DNS_RCODE;
	out->has_question = h.qd;
	out->ttl_s = DNS_TTL_MAX_S;
	out->cacheable = true;
	if (out->has_question)
		dns_question_read(&w.r, msg, &out->q);
	if (w.r.bad || !walk_all(&w, &h))
		return -EBADMSG;
	out->negative = w.soa && !w.positive;
	out->cacheable &=
		!(h.flags & DNS_TC) && out->ttl_s && (w.positive || w.soa) &&
		(out->rcode == DNS_NOERROR || out->rcode == DNS_NXDOMAIN);
	return 0;
}

/* The records of the answer section, one after the other. */
static bool next_record(struct rd *r, const uint8_t *msg, unsigned *left,
			struct dns_rr *out)
{
	if (!*left)
		return false;
	--*left;
	dns_rr_reread(r, msg, out);
	return !r->bad;
}

struct dns_chain dns_chain_begin(const struct dns_kept *k)
{
	struct dns_chain c = { rd_init(k->msg, k->len), k->msg, 0 };
	struct dns_header h;

	dns_header_read(&c.r, &h);
	if (h.qd)
		dns_question_reskip(&c.r);
	c.left = h.an;
	return c;
}

bool dns_chain_next(struct dns_chain *c, struct dns_name *target)
{
	struct dns_rr rr;

	while (next_record(&c->r, c->msg, &c->left, &rr)) {
		struct rd at = { c->msg + rr.rdata_at, c->r.end, false };

		if (rr.type != DNS_CNAME)
			continue;
		dns_name_read(&at, c->msg, target);
		dns_name_lower(target);
		return true;
	}
	return false;
}

unsigned dns_answer_rcode(const struct dns_kept *k)
{
	struct rd r = rd_init(k->msg, k->len);
	struct dns_header h;

	dns_header_read(&r, &h);
	return h.flags & DNS_RCODE;
}

bool dns_answer_next_addr(struct dns_chain *c, struct addr *out,
			  uint32_t *ttl_s)
{
	struct dns_rr rr;

	while (next_record(&c->r, c->msg, &c->left, &rr)) {
		struct rd at = rd_init(c->msg + rr.rdata_at, rr.rdlen);

		*out = addr_v4(0);
		if (rr.type == DNS_A)
			rd_bytes(&at, &out->b[12], 4);
		else if (rr.type == DNS_AAAA)
			rd_bytes(&at, out->b, sizeof(out->b));
		else
			continue;
		*ttl_s = ttl_of(rr.ttl);
		return true;
	}
	return false;
}

bool dns_answer_addr(const struct dns_kept *k, struct addr *out)
{
	struct dns_chain c = dns_chain_begin(k);
	uint32_t ttl_s;

	return dns_answer_next_addr(&c, out, &ttl_s);
}

bool dns_answer_points_into(const struct dns_kept *k, const struct prefix *nets,
			    unsigned n)
{
	struct dns_chain c = dns_chain_begin(k);
	struct dns_rr rr;

	while (next_record(&c.r, c.msg, &c.left, &rr))
		if (dns_rdata_points_into(c.msg, &rr, nets, n))
			return true;
	return false;
}

/* The 'n' TTLs of the message 'w', which stand 'ttl_at'. */
static void age_ttls(struct wr *w, const uint16_t *ttl_at, unsigned n,
		     struct dns_age age)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		struct rd r = { w->start + ttl_at[i], w->p, w->bad };
		uint32_t ttl = ttl_of(rd_be32(&r));

		ttl = ttl > age.age_s ? ttl - age.age_s : 0;
		ttl = min_u32(ttl, age.most_s);
		wr_patch_be16(w, ttl_at[i], (uint16_t)(ttl >> 16));
		wr_patch_be16(w, ttl_at[i] + 2u, (uint16_t)ttl);
	}
}

void dns_answer_keep(struct wr *w, const uint8_t *msg,
		     const struct dns_answer *a)
{
	wr_bytes(w, msg, a->len);
	dns_counts_patch(w, a->an, a->ns, a->ar);
	if (a->negative)
		age_ttls(w, a->ttl_at, a->ttl_n,
			 (struct dns_age){ 0, a->ttl_s });
}

/* RFC 6840, 5.8: who understands the bit says so by either. */
static bool wants_ad(const struct dns_query *q)
{
	return q->dnssec_ok || (q->flags & DNS_AD);
}

void dns_answer_write(struct wr *w, const struct dns_query *q,
		      const struct dns_kept *k, struct dns_age age,
		      size_t limit)
{
	struct rd r = rd_init(k->msg, k->len);
	struct dns_header h;
	unsigned rcode;

	dns_header_read(&r, &h);
	rcode = h.flags & DNS_RCODE;
	if (k->len + (q->edns ? DNS_OPT_LEN : 0) > limit) {
		dns_truncated_write(w, q, rcode);
		return;
	}
	dns_reply_write(w, q, rcode);
	if ((h.flags & DNS_AD) && wants_ad(q))
		dns_flags_add(w, q, rcode, DNS_AD);
	rd_skip(&r, wr_len(w) - DNS_HEADER_LEN);
	wr_bytes(w, r.p, rd_left(&r));
	age_ttls(w, k->ttl_at, k->ttl_n, age);
	if (q->edns)
		dns_opt_write(w, DNS_UDP_EDNS, rcode, q->dnssec_ok);
	dns_counts_patch(w, h.an, h.ns, (uint16_t)(h.ar + q->edns));
}
