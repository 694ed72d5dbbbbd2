/* local.c - table of local names, and the answers from it.
 *
 * Called by serve.c and dns.c. Control thread.
 * Invariant: a host is in the chain of its name and in that of its reverse
 * name, or in neither. */
#include "local.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/hash.h"
#include "zones.h"

#define BUCKETS		  1024u			    /* power of two */
#define OWNER_IS_QUESTION (0xc000 | DNS_HEADER_LEN) /* compressed */
#define SOA_NUMBERS_LEN	  20

/* The answers are made of a name, an address and a PTR target. */
struct host {
	struct host *next_name, *next_reverse;
	struct dns_name name;	 /* lower case, relative to the domain */
	struct dns_name reverse; /* of 'addr' */
	struct addr addr;
};

struct local {
	struct hash_key secret;
	struct dns_name domain, localhost;
	struct zones zones;
	unsigned hosts_n;
	struct host *by_name[BUCKETS], *by_reverse[BUCKETS];
};

struct local *local_new(const struct dns_name *domain)
{
	struct local *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	hash_key_random(&l->secret);
	zones_init(&l->zones);
	dns_name_from_text(&l->localhost, "localhost");
	local_set_domain(l, domain);
	return l;
}

void local_set_domain(struct local *l, const struct dns_name *domain)
{
	l->domain = *domain;
	dns_name_lower(&l->domain);
}

static unsigned bucket(const struct local *l, const struct dns_name *lower)
{
	return hash_bytes(&l->secret, lower->b, lower->len) & (BUCKETS - 1);
}

static struct host *find_name(const struct local *l, const struct dns_name *n)
{
	struct dns_name lower = *n;
	struct host *h;

	dns_name_lower(&lower);
	for (h = l->by_name[bucket(l, &lower)]; h; h = h->next_name)
		if (dns_name_eq(&h->name, &lower))
			break;
	return h;
}

/* The latest of the names that share an address. */
static const struct host *find_reverse(const struct local *l,
				       const struct dns_name *n)
{
	struct dns_name lower = *n;
	const struct host *h;

	dns_name_lower(&lower);
	for (h = l->by_reverse[bucket(l, &lower)]; h; h = h->next_reverse)
		if (dns_name_eq(&h->reverse, &lower))
			break;
	return h;
}

static void unlink_host(struct local *l, struct host *h)
{
	struct host **at = &l->by_name[bucket(l, &h->name)];

	while (*at != h)
		at = &(*at)->next_name;
	*at = h->next_name;
	at = &l->by_reverse[bucket(l, &h->reverse)];
	while (*at != h)
		at = &(*at)->next_reverse;
	*at = h->next_reverse;
	l->hosts_n--;
}

static void link_host(struct local *l, struct host *h)
{
	struct host **at = &l->by_name[bucket(l, &h->name)];

	h->next_name = *at;
	*at = h;
	at = &l->by_reverse[bucket(l, &h->reverse)];
	h->next_reverse = *at;
	*at = h;
	l->hosts_n++;
}

void local_free(struct local *l)
{
	unsigned i;

	if (!l)
		return;
	for (i = 0; i < BUCKETS; i++) {
		while (l->by_name[i]) {
			struct host *h = l->by_name[i];

			l->by_name[i] = h->next_name;
			free(h);
		}
	}
	free(l);
}

int local_set(struct local *l, const char *name, const struct addr *addr)
{
	struct dns_name n;
	struct host *h;

	if (!dns_name_from_text(&n, name) || !dns_name_labels(&n))
		return -EINVAL;
	dns_name_lower(&n);
	h = find_name(l, &n);
	if (h) {
		unlink_host(l, h);
	} else {
		if (l->hosts_n >= LOCAL_NAMES_MAX)
			return -ENOSPC;
		h = calloc(1, sizeof(*h));
		if (!h)
			return -ENOMEM;
	}
	h->name = n;
	h->addr = *addr;
	dns_name_reverse(&h->reverse, addr);
	link_host(l, h);
	return 0;
}

void local_del(struct local *l, const char *name)
{
	struct dns_name n;
	struct host *h;

	if (!dns_name_from_text(&n, name))
		return;
	h = find_name(l, &n);
	if (!h)
		return;
	unlink_host(l, h);
	free(h);
}

/* An answer in the making: header and question are written. */
struct reply {
	struct wr *w;
	const struct dns_query *q;
	uint16_t an, ns;
};

static struct reply begin(struct wr *w, const struct dns_query *q,
			  unsigned rcode)
{
	dns_reply_write(w, q, rcode);
	return (struct reply){ .w = w, .q = q };
}

static bool end(struct reply *r)
{
	if (r->q->edns)
		dns_opt_write(r->w, DNS_UDP_EDNS, 0, r->q->dnssec_ok);
	dns_counts_patch(r->w, r->an, r->ns, r->q->edns);
	return true;
}

static void put_answer(struct reply *r, uint16_t type, uint16_t rdlen)
{
	wr_be16(r->w, OWNER_IS_QUESTION);
	wr_be16(r->w, type);
	wr_be16(r->w, DNS_IN);
	wr_be32(r->w, LOCAL_TTL_S);
	wr_be16(r->w, rdlen);
	r->an++;
}

static void put_addr(struct reply *r, const struct addr *a)
{
	bool v4 = addr_is_v4(a);
	uint16_t type = v4 ? DNS_A : DNS_AAAA;

	if (r->q->q.type != type && r->q->q.type != DNS_ANY)
		return;
	put_answer(r, type, v4 ? 4 : 16);
	wr_bytes(r->w, v4 ? &a->b[12] : a->b, v4 ? 4 : 16);
}

/* The numbers are those of an empty zone in RFC 6303, 3, but for the TTLs. */
static void put_soa(struct reply *r, const struct dns_name *zone)
{
	static const struct dns_name contact = { .len = 16,
						 .b = "\6nobody\7invalid" };

	dns_rr_write(r->w, zone, DNS_SOA, LOCAL_NEGATIVE_TTL_S,
		     (uint16_t)(zone->len + contact.len + SOA_NUMBERS_LEN));
	dns_name_write(r->w, zone);
	dns_name_write(r->w, &contact);
	wr_be32(r->w, 1);
	wr_be32(r->w, 3600);
	wr_be32(r->w, 1200);
	wr_be32(r->w, 604800);
	wr_be32(r->w, LOCAL_NEGATIVE_TTL_S);
}

/* The apex of a zone of ours: it is there, and has a SOA. */
static bool answer_apex(struct wr *w, const struct dns_query *q,
			const struct dns_name *zone)
{
	struct reply r = begin(w, q, DNS_NOERROR);
	bool asked = q->q.type == DNS_SOA || q->q.type == DNS_ANY;

	put_soa(&r, zone);
	*(asked ? &r.an : &r.ns) += 1;
	return end(&r);
}

static bool answer_no_name(struct wr *w, const struct dns_query *q,
			   const struct dns_name *zone)
{
	struct reply r = begin(w, q, DNS_NXDOMAIN);

	if (zone) {
		put_soa(&r, zone);
		r.ns++;
	}
	return end(&r);
}

static bool answer_addrs(struct wr *w, const struct dns_query *q,
			 const struct addr *addrs, unsigned n,
			 const struct dns_name *zone)
{
	struct reply r = begin(w, q, DNS_NOERROR);
	unsigned i;

	for (i = 0; i < n; i++)
		put_addr(&r, &addrs[i]);
	if (!r.an) {
		put_soa(&r, zone);
		r.ns++;
	}
	return end(&r);
}

static bool answer_in_domain(const struct local *l, const struct dns_query *q,
			     struct wr *w)
{
	const struct host *h;
	struct dns_name name;

	dns_name_strip(&name, &q->q.name, &l->domain);
	if (!dns_name_labels(&name))
		return answer_apex(w, q, &l->domain);
	h = find_name(l, &name);
	if (!h)
		return answer_no_name(w, q, &l->domain);
	return answer_addrs(w, q, &h->addr, 1, &l->domain);
}

/* RFC 6761, 6.3: loopback, always. */
static bool answer_localhost(const struct local *l, const struct dns_query *q,
			     struct wr *w)
{
	static const struct addr loopback[] = {
		{ .b = { [10] = 0xff, 0xff, 127, 0, 0, 1 } },
		{ .b = { [15] = 1 } },
	};

	return answer_addrs(w, q, loopback, 2, &l->localhost);
}

static bool answer_reverse(const struct local *l, const struct dns_query *q,
			   const struct host *h, struct wr *w)
{
	struct reply r = begin(w, q, DNS_NOERROR);
	struct dns_name full;

	if (q->q.type != DNS_PTR && q->q.type != DNS_ANY) {
		put_soa(&r, &h->reverse);
		r.ns++;
	} else if (dns_name_join(&full, &h->name, &l->domain)) {
		put_answer(&r, DNS_PTR, full.len);
		dns_name_write(w, &full);
	}
	return end(&r);
}

/* A name without a dot has no address in the public DNS: who asks for one
 * means a neighbour. */
static bool asks_for_address(const struct dns_query *q)
{
	return q->q.type == DNS_A || q->q.type == DNS_AAAA ||
	       q->q.type == DNS_SVCB || q->q.type == DNS_HTTPS;
}

static bool answer_in_zone(const struct dns_query *q, const struct zone *zone,
			   struct wr *w)
{
	if (!dns_name_eq(&q->q.name, &zone->name))
		return answer_no_name(w, q, &zone->name);
	/* The public DNS delegates these without a signature, and its proof of
	 * that is what a validating client asks for (RFC 8375, 4). */
	if (q->q.type == DNS_DS && zone->in_arpa)
		return false;
	return answer_apex(w, q, &zone->name);
}

bool local_answer(const struct local *l, const struct dns_query *q,
		  struct wr *w)
{
	const struct dns_name *name = &q->q.name;
	bool single = dns_name_labels(name) == 1;
	const struct zone *zone;
	const struct host *h;

	if (dns_name_under(name, &l->localhost))
		return answer_localhost(l, q, w);
	if (dns_name_under(name, &l->domain))
		return answer_in_domain(l, q, w);
	h = single ? find_name(l, name) : NULL;
	if (h)
		return answer_addrs(w, q, &h->addr, 1, &l->domain);
	h = dns_name_under(name, &l->zones.arpa) ? find_reverse(l, name) : NULL;
	if (h)
		return answer_reverse(l, q, h, w);
	zone = zones_find(&l->zones, name);
	if (zone)
		return answer_in_zone(q, zone, w);
	if (single && asks_for_address(q))
		return answer_no_name(w, q, NULL);
	return false;
}
