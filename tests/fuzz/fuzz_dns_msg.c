/* fuzz_dns_msg.c - the DNS codec: any bytes as a query and as an answer; what
 * is taken is kept and repeated at every limit without overrunning it. And as
 * what goes by us between a device and a resolver of its own. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/engine/tap/asked.h"
#include "ctl/proto/dns_addrs.h"
#include "ctl/proto/dns_answer.h"

#define UDP_HEADER 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repeat(const struct dns_answer *a, const struct dns_kept *k,
		   size_t limit, bool edns)
{
	struct dns_query q = {
		.id = 0x1234,
		.has_question = a->has_question,
		.q = a->q,
		.edns = edns,
	};
	static uint8_t out[DNS_MSG_MAX];
	struct wr w = wr_init(out, limit);

	dns_answer_write(&w, &q, k, (struct dns_age){ 30, 86400 }, limit);
	assert(!w.bad);
}

/* Where a kept answer leads, and to which address. */
static void follow(const struct dns_kept *k)
{
	static const struct prefix home = { { .b = { [10] = 0xff, 0xff, 10 } },
					    104 };
	struct dns_chain c = dns_chain_begin(k);
	struct dns_name target;
	struct addr addr;
	unsigned n = 0;

	while (dns_chain_next(&c, &target))
		n++;
	assert(!n || k->chain);
	dns_answer_addr(k, &addr);
	dns_answer_points_into(k, &home, 1);
}

static void as_answer(const uint8_t *data, size_t size)
{
	static const size_t limits[] = { DNS_UDP_MIN, DNS_UDP_EDNS,
					 DNS_MSG_MAX };
	static uint8_t kept[DNS_MSG_MAX];
	struct wr w = wr_init(kept, sizeof(kept));
	struct dns_answer a;
	struct dns_kept k;
	size_t i;

	if (dns_answer_read(data, size, &a))
		return;
	assert(a.len <= size);
	dns_answer_keep(&w, data, &a);
	assert(!w.bad);
	k = (struct dns_kept){ kept, wr_len(&w), a.ttl_at, a.ttl_n, a.chain };
	follow(&k);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		repeat(&a, &k, limits[i], false);
		repeat(&a, &k, limits[i], true);
	}
}

/* As one that a device got from a resolver of its own. */
static void as_addresses(const uint8_t *data, size_t size)
{
	char text[DNS_NAME_STRLEN];
	struct dns_addrs a;

	if (!dns_addrs_read(data, size, &a))
		return;
	assert(a.n && a.n <= DNS_ADDRS_MAX && a.ttl_s <= DNS_TTL_MAX_S);
	dns_name_format(&a.name, text);
}

/* On its way between a device and such a resolver. */
static void as_payload(const uint8_t *data, size_t size)
{
	static struct asked asked;
	static const struct addr owner;
	struct pkt p = { .l3_len = (uint16_t)(UDP_HEADER + size) };

	if (size > UINT16_MAX - UDP_HEADER)
		return;
	p.data = calloc(1, UDP_HEADER + size);
	assert(p.data);
	memcpy(p.data + UDP_HEADER, data, size);
	asked_note(&asked, &owner, 1, &p, 1);
	/* No message is both. */
	p.to_lan = true;
	assert(!asked_answered(&asked, &owner, 1, &p, 1));
	memset(&asked, 0, sizeof(asked));
	free(p.data);
}

static void as_query(const uint8_t *data, size_t size)
{
	uint8_t out[DNS_QUERY_MAX];
	char text[DNS_NAME_STRLEN];
	struct wr w = wr_init(out, sizeof(out));
	struct dns_query q;
	int rcode = dns_query_read(data, size, &q);

	if (rcode < 0)
		return;
	dns_error_write(&w, &q, (unsigned)rcode);
	assert(!w.bad);
	if (q.has_question)
		dns_name_format(&q.q.name, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > DNS_MSG_MAX)
		return 0;
	as_query(data, size);
	as_answer(data, size);
	as_addresses(data, size);
	as_payload(data, size);
	return 0;
}
