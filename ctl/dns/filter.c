/* filter.c - judges names by the sets that others build.
 *
 * Called by serve.c and forward.c; sets come from dns.c and lists.c. Control
 * thread. */
#include "filter.h"

#include <errno.h>

/* Mozilla's: no DoH by default. Apple's: no Private Relay. */
static const char *const canaries[] = {
	"use-application-dns.net",
	"mask.icloud.com",
	"mask-h2.icloud.com",
};

int filter_init(struct filter *f)
{
	struct dns_name name;
	unsigned i;

	f->canaries = nameset_new();
	if (!f->canaries)
		return -ENOMEM;
	for (i = 0; i < sizeof(canaries) / sizeof(canaries[0]); i++) {
		dns_name_from_text(&name, canaries[i]);
		if (nameset_add(f->canaries, &name, false, FILTER_CANARY))
			return -ENOMEM;
	}
	return 0;
}

void filter_fini(struct filter *f)
{
	nameset_free(f->own_block);
	nameset_free(f->own_allow);
	nameset_free(f->block);
	nameset_free(f->allow);
	nameset_free(f->canaries);
}

bool filter_applies(const struct filter *f, const struct addr *who)
{
	unsigned i;

	/* Nobody's address: the gateway itself asks. */
	if ((!f->own_block && !f->block) || addr_is_zero(who))
		return false;
	for (i = 0; i < f->unfiltered_n; i++)
		if (addr_eq(&f->unfiltered[i], who))
			return false;
	return true;
}

uint8_t filter_name(const struct filter *f, const struct dns_name *name)
{
	uint8_t tag = FILTER_NONE, unused;
	struct nameset_key key;

	nameset_key(&key, name);
	if (nameset_find(f->own_allow, &key, &unused))
		return FILTER_NONE;
	if (nameset_find(f->own_block, &key, &tag) ||
	    nameset_find(f->canaries, &key, &tag))
		return tag;
	if (nameset_find(f->block, &key, &tag) &&
	    !nameset_find(f->allow, &key, &unused))
		return tag;
	return FILTER_NONE;
}

uint8_t filter_chain(const struct filter *f, const struct dns_kept *k)
{
	struct dns_chain c = dns_chain_begin(k);
	struct dns_name target;
	uint8_t list = FILTER_NONE;

	while (list == FILTER_NONE && dns_chain_next(&c, &target))
		list = filter_name(f, &target);
	return list;
}

static bool is_nxdomain(const struct filter *f, uint8_t list)
{
	return f->style == FILTER_NXDOMAIN || list == FILTER_CANARY;
}

void filter_write(const struct filter *f, const struct dns_query *q,
		  uint8_t list, struct wr *w)
{
	bool no = is_nxdomain(f, list);
	bool four = q->q.type == DNS_A, six = q->q.type == DNS_AAAA;
	unsigned rcode = no ? DNS_NXDOMAIN : DNS_NOERROR;

	dns_reply_write(w, q, rcode);
	if (!no && (four || six)) {
		dns_rr_write(w, &q->q.name, q->q.type, FILTER_TTL_S,
			     four ? 4 : 16);
		wr_zero(w, four ? 4 : 16);
	}
	if (q->edns)
		dns_opt_write(w, DNS_UDP_EDNS, rcode, q->dnssec_ok);
	dns_counts_patch(w, !no && (four || six), 0, q->edns);
}
