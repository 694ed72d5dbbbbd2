/* asked.c - questions by a keyed hash of all that an answer repeats.
 * Called by worker.c. Engine thread only. */
#include "asked.h"

#include "../../proto/dns_msg.h"

#define UDP_HEADER 8
#define TAG_BYTES  (8 + DNS_NAME_MAX)

/* An answer that tells nothing: "no", or cut off, or without a record. */
static bool is_idle(const struct dns_header *h)
{
	return h->flags & (DNS_TC | DNS_RCODE) || !h->an;
}

/* For addresses; where it is an answer, one that has some. */
static bool is_read(const struct dns_header *h, const struct dns_question *q)
{
	if (h->flags & DNS_OPCODE || h->qd != 1 || q->class != DNS_IN ||
	    (h->flags & DNS_QR && is_idle(h)))
		return false;
	return q->type == DNS_A || q->type == DNS_AAAA;
}

/* Case is not looked at: resolvers may have it as they like. */
static uint64_t tag(const struct asked *a, uint32_t serial, uint16_t id,
		    struct dns_question *q)
{
	uint8_t key[TAG_BYTES];
	struct wr w = wr_init(key, sizeof(key));
	uint64_t hash;

	dns_name_lower(&q->name);
	wr_be32(&w, serial);
	wr_be16(&w, id);
	wr_be16(&w, q->type);
	dns_name_write(&w, &q->name);
	hash = hash_bytes(&a->key, key, wr_len(&w));
	return hash ? hash : 1;
}

/* What its question is known by; 0: it is none, and answers none. */
static uint64_t tag_of(const struct asked *a, uint32_t serial,
		       const struct pkt *p)
{
	struct rd r =
		rd_init(p->data + p->l4, p->l3_len - (uint32_t)(p->l4 - p->l3));
	struct dns_question q;
	struct dns_header h;
	const uint8_t *msg;

	rd_skip(&r, UDP_HEADER);
	msg = r.p;
	dns_header_read(&r, &h);
	if (r.bad || !!(h.flags & DNS_QR) != p->to_lan)
		return 0;
	dns_question_read(&r, msg, &q);
	if (r.bad || !is_read(&h, &q))
		return 0;
	return tag(a, serial, h.id, &q);
}

static struct asked_host *host_of(struct asked *a, const struct addr *owner)
{
	return &a->hosts[hash_words(&a->key, owner->q[0], owner->q[1]) %
			 ASKED_HOSTS];
}

void asked_note(struct asked *a, const struct addr *owner, uint32_t serial,
		const struct pkt *p, uint64_t now_ms)
{
	struct asked_host *h = host_of(a, owner);
	uint64_t t = tag_of(a, serial, p);

	if (!t)
		return;
	h->tags[h->next] = t;
	h->at_ms[h->next] = (uint32_t)now_ms;
	h->next = (h->next + 1) % ASKED_EACH;
}

bool asked_answered(struct asked *a, const struct addr *owner, uint32_t serial,
		    const struct pkt *p, uint64_t now_ms)
{
	struct asked_host *h = host_of(a, owner);
	uint64_t t = tag_of(a, serial, p);

	for (unsigned i = 0; t && i < ASKED_EACH; i++) {
		if (h->tags[i] != t ||
		    (uint32_t)now_ms - h->at_ms[i] >= ASKED_MS)
			continue;
		h->tags[i] = 0;
		return true;
	}
	return false;
}
