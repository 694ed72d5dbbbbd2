/* fuzz_dns_local.c - what the home's names answer: any bytes as a query, and
 * any question about names at hand, backwards ones too; what is answered is an
 * answer to it. The rest of an input are names that devices call themselves. */
#include <assert.h>
#include <stdlib.h>

#include "ctl/dns/local.h"
#include "ctl/proto/dns_answer.h"

#define NAMES_MAX 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct local *local;

static void begin(void)
{
	struct dns_name domain;

	dns_name_from_text(&domain, "lan");
	local = local_new(&domain);
	assert(local);
}

static void ask(const struct dns_query *q)
{
	uint8_t out[DNS_MSG_MAX];
	struct wr w = wr_init(out, DNS_UDP_EDNS);
	static struct dns_answer a;

	if (!q->has_question)
		return;
	if (!local_answer(local, q, &w)) {
		assert(!w.bad && !wr_len(&w));
		return;
	}
	assert(!w.bad && !dns_answer_read(out, wr_len(&w), &a));
	assert(a.id == q->id && a.has_question && a.q.type == q->q.type);
	assert(dns_name_eq(&a.q.name, &q->q.name));
	assert(a.rcode == DNS_NOERROR || a.rcode == DNS_NXDOMAIN);
	assert(a.rcode == DNS_NOERROR || !a.an);
}

/* One that is in the table, so that the fuzzer need not spell it. */
static void ask_for(const char *name, const struct addr *addr, struct rd *r)
{
	struct dns_query q = { .id = 7,
			       .has_question = true,
			       .q = { .class = DNS_IN } };
	uint8_t how = rd_u8(r);
	struct dns_name lan;

	q.q.type = rd_be16(r);
	q.edns = how & 1;
	q.udp_size = DNS_UDP_EDNS;
	q.dnssec_ok = how & 2;
	if (how & 4) {
		dns_name_reverse(&q.q.name, addr);
		q.q.type = how & 8 ? DNS_PTR : q.q.type;
	} else if (!dns_name_from_text(&q.q.name, name)) {
		return;
	}
	dns_name_from_text(&lan, "lan");
	if ((how & 20) == 16 && !dns_name_join(&q.q.name, &q.q.name, &lan))
		return;
	ask(&q);
}

/* Names of the table; returns how many were taken in. */
static unsigned fill(struct rd *r, char names[NAMES_MAX][256],
		     struct addr *addrs)
{
	unsigned n = rd_u8(r) % (NAMES_MAX + 1), taken = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = rd_u8(r);

		len = len < rd_left(r) ? len : rd_left(r);
		rd_bytes(r, names[taken], len);
		names[taken][len] = '\0';
		rd_bytes(r, addrs[taken].b, sizeof(addrs[taken].b));
		if (rd_u8(r) & 1)
			addrs[taken] = addr_v4(addrs[taken].w[3]);
		if (!local_set(local, names[taken], &addrs[taken]))
			taken++;
	}
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char names[NAMES_MAX][256];
	static struct addr addrs[NAMES_MAX];
	struct rd r = rd_init(data, size);
	struct dns_query q;
	unsigned n;

	if (!local)
		begin();
	n = fill(&r, names, addrs);
	for (unsigned i = 0; i < n; i++)
		ask_for(names[i], &addrs[i], &r);
	if (!dns_query_read(r.p, rd_left(&r), &q))
		ask(&q);
	for (unsigned i = 0; i < n; i++)
		local_del(local, names[i]);
	return 0;
}
