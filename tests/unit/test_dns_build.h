/* test_dns_build.h - messages for the DNS tests, made by hand: the writers of
 * the codec are not used to test its readers. */
#ifndef TEST_DNS_BUILD_H
#define TEST_DNS_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "ctl/proto/dns_msg.h"

struct build {
	struct wr w;
	uint8_t bytes[8192];
};

static inline void build_begin(struct build *b, uint16_t id, uint16_t flags,
			       uint16_t qd, uint16_t an, uint16_t ns,
			       uint16_t ar)
{
	b->w = wr_init(b->bytes, sizeof(b->bytes));
	wr_be16(&b->w, id);
	wr_be16(&b->w, flags);
	wr_be16(&b->w, qd);
	wr_be16(&b->w, an);
	wr_be16(&b->w, ns);
	wr_be16(&b->w, ar);
}

static inline void build_name(struct build *b, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, ".");

		wr_u8(&b->w, (uint8_t)len);
		wr_bytes(&b->w, text, len);
		text += len + (text[len] == '.');
	}
	wr_u8(&b->w, 0);
}

static inline void build_question(struct build *b, const char *name,
				  uint16_t type)
{
	build_name(b, name);
	wr_be16(&b->w, type);
	wr_be16(&b->w, 1);
}

static inline void build_rr(struct build *b, const char *owner, uint16_t type,
			    uint32_t ttl, const void *data, uint16_t len)
{
	build_name(b, owner);
	wr_be16(&b->w, type);
	wr_be16(&b->w, 1);
	wr_be32(&b->w, ttl);
	wr_be16(&b->w, len);
	wr_bytes(&b->w, data, len);
}

static inline void build_a(struct build *b, const char *owner, uint32_t ttl,
			   const char *addr)
{
	struct in_addr in;

	inet_pton(AF_INET, addr, &in);
	build_rr(b, owner, DNS_A, ttl, &in, 4);
}

static inline void build_soa(struct build *b, const char *owner, uint32_t ttl,
			     uint32_t minimum)
{
	uint8_t data[22] = { 0 };
	struct wr w = wr_init(data + 18, 4);

	wr_be32(&w, minimum);
	build_rr(b, owner, DNS_SOA, ttl, data, sizeof(data));
}

static inline void build_opt(struct build *b, uint16_t udp_size, uint32_t ttl)
{
	wr_u8(&b->w, 0);
	wr_be16(&b->w, DNS_OPT);
	wr_be16(&b->w, udp_size);
	wr_be32(&b->w, ttl);
	wr_be16(&b->w, 0);
}

/* A client's question as the codec reads it. */
static inline struct dns_query build_query(const char *name, uint16_t type,
					   uint16_t udp_size)
{
	struct dns_query q;
	struct build b;

	build_begin(&b, 0x1234, DNS_RD, 1, 0, 0, !!udp_size);
	build_question(&b, name, type);
	if (udp_size)
		build_opt(&b, udp_size, 0);
	assert_int_equal(dns_query_read(b.bytes, wr_len(&b.w), &q),
			 DNS_NOERROR);
	return q;
}

#endif
