/* packet.h - random TCP, UDP and ICMP echo packets with sums that are right,
 * for tests of the express lane. */
#ifndef TEST_PACKET_H
#define TEST_PACKET_H

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bpf/rewrite.h"
#include "ctl/base/addr.h"

#define MTU	    1500
#define PAYLOAD_MAX 1400
#define ETHER	    14
#define TCP_HEADER  20
#define UDP_HEADER  8

struct packet {
	uint8_t b[ETHER + MTU + 64];
	uint32_t len;
	bool v6, tcp, icmp;
	uint32_t l4; /* offset */
};

static uint64_t state_of_random;

/* xorshift64*: the same on every machine. */
static inline uint64_t random64(void)
{
	state_of_random ^= state_of_random >> 12;
	state_of_random ^= state_of_random << 25;
	state_of_random ^= state_of_random >> 27;
	return state_of_random * 2685821657736338717ull;
}

static inline uint32_t below(uint32_t n)
{
	return (uint32_t)(random64() >> 32) % n;
}

static inline void fill_random(void *at, size_t n)
{
	uint8_t *b = at;

	while (n--)
		*b++ = (uint8_t)(random64() >> 56);
}

static inline uint32_t sum_words(uint32_t sum, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	return n & 1 ? sum + (uint32_t)(b[n - 1] << 8) : sum;
}

static inline uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline uint8_t proto_of(const struct packet *p)
{
	if (p->icmp)
		return p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	return p->tcp ? IPPROTO_TCP : IPPROTO_UDP;
}

static inline uint8_t *sum_at(struct packet *p)
{
	if (p->icmp)
		return p->b + p->l4 + ICMP_CSUM;
	return p->b + p->l4 + (p->tcp ? TCP_CSUM : UDP_CSUM);
}

/* The whole sum over the pseudo-header, which ICMP has none of in IPv4, and
 * what follows it. */
static inline uint16_t full_sum(const struct packet *p)
{
	uint32_t bytes = p->len - p->l4;
	const uint8_t *ip = p->b + ETHER;
	uint32_t sum =
		p->v6 ? sum_words(0, ip + 8, 32) : sum_words(0, ip + 12, 8);

	sum += bytes + proto_of(p);
	if (p->icmp && !p->v6)
		sum = 0;
	return fold(sum_words(sum, p->b + p->l4, bytes));
}

static inline void finish_sums(struct packet *p)
{
	uint8_t *at = sum_at(p);
	uint16_t sum;

	put16(at, 0);
	sum = full_sum(p);
	put16(at, sum || p->tcp || p->icmp ? sum : 0xffff);
	if (p->v6)
		return;
	put16(p->b + ETHER + IPV4_CSUM, 0);
	put16(p->b + ETHER + IPV4_CSUM, fold(sum_words(0, p->b + ETHER, 20)));
}

/* Type and code. */
static inline uint16_t echo_of(bool v6, bool answer)
{
	if (v6)
		return answer ? 0x8100 : 0x8000;
	return answer ? 0 : 0x0800;
}

static inline struct packet make_packet(bool v6, const struct mac *owner)
{
	unsigned kind = below(3);
	struct packet p = { .v6 = v6, .tcp = !kind, .icmp = kind == 1 };
	uint32_t payload = below(PAYLOAD_MAX), ip_header = v6 ? 40 : 20;
	uint32_t l4_header = p.tcp ? TCP_HEADER : UDP_HEADER;
	uint8_t *ip = p.b + ETHER, *l4 = ip + ip_header;

	p.l4 = ETHER + ip_header;
	p.len = p.l4 + l4_header + payload;
	fill_random(p.b, p.len);
	memcpy(p.b, owner->b, sizeof(owner->b));
	put16(p.b + 12, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	ip[0] = v6 ? 0x60 : 0x45;
	if (v6) {
		put16(ip + 4, (uint16_t)(l4_header + payload));
		ip[6] = proto_of(&p);
		ip[7] = (uint8_t)(2 + below(254));
	} else {
		put16(ip + 2, (uint16_t)(p.len - ETHER));
		put16(ip + 6, below(2) ? 0x4000 : 0);
		ip[8] = (uint8_t)(2 + below(254));
		ip[9] = proto_of(&p);
	}
	if (p.tcp) {
		l4[12] = 0x50;
		l4[13] = (uint8_t)(below(256) & 0xf8); /* no SYN, FIN, RST */
	} else if (p.icmp) {
		put16(l4, echo_of(v6, below(2)));
	} else {
		put16(l4 + 4, (uint16_t)(l4_header + payload));
	}
	finish_sums(&p);
	return p;
}

/* A sum that is not what it should be stays wrong, and UDP's may be absent. */
static inline bool spoil_sum(struct packet *p)
{
	static const uint16_t sums[] = { 0, 0xffff, 1, 0xfffe };
	uint16_t sum = sums[below(4)];

	if (below(4))
		return false;
	put16(sum_at(p), sum);
	return true;
}

#endif
