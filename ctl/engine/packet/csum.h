/* csum.h - the Internet checksum over a stretch of bytes (RFC 1071).
 *
 * For headers that we write ourselves, for checking those that we read, and for
 * whole packets whose sender left the sum to its hardware; what is translated
 * goes by difference, see bpf/rewrite.h. In memory's order. */
#ifndef ENGINE_CSUM_H
#define ENGINE_CSUM_H

#include <linux/types.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../../bpf/rewrite.h"

static inline uint64_t csum_load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Two's complement sums of 64-bit words, with the carries kept above: they are
 * as good as those of 16-bit words, since 2^16 is 1 to a checksum. */
static inline unsigned __int128 csum_words(const uint8_t *p, size_t n)
{
	unsigned __int128 a = 0, b = 0;

	for (; n >= 4; n -= 4, p += 32) {
		a += csum_load64(p);
		b += csum_load64(p + 8);
		a += csum_load64(p + 16);
		b += csum_load64(p + 24);
	}
	for (; n; n--, p += 8)
		a += csum_load64(p);
	return a + b;
}

/* Of up to seven bytes. */
static inline uint64_t csum_tail(const uint8_t *p, size_t len)
{
	uint32_t four = 0;
	uint16_t two = 0, one = 0;

	if (len & 4)
		memcpy(&four, p, 4);
	if (len & 2)
		memcpy(&two, p + (len & 4), 2);
	if (len & 1)
		memcpy(&one, p + (len & 6), 1);
	return (uint64_t)four + two + one;
}

/* The sum, in 32 bits and not complemented. */
static inline uint32_t csum_partial(const void *data, size_t len)
{
	const uint8_t *p = data;
	unsigned __int128 wide = csum_words(p, len / 8);
	uint64_t sum;

	wide += csum_tail(p + (len & ~(size_t)7), len & 7);
	sum = (uint64_t)(wide >> 64);
	wide = (uint64_t)wide + (unsigned __int128)sum;
	sum = (uint64_t)wide + (uint64_t)(wide >> 64);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (uint32_t)((sum & 0xffffffff) + (sum >> 32));
}

/* What belongs into the checksum field, when that is zero in 'data'; 0 when the
 * field is in place and right. */
static inline uint16_t csum_of(const void *data, size_t len)
{
	uint32_t sum = csum_partial(data, len);

	return (uint16_t)~csum_fold(sum);
}

/* Likewise, over what an IPv6 header at 'ip' carries (RFC 8200 8.1). */
static inline uint16_t csum_ipv6(const uint8_t *ip, uint8_t proto,
				 const void *data, uint32_t len)
{
	uint64_t sum = csum_partial(ip + IPV6_SRC, 32);

	sum += csum_partial(data, len);
	sum += htons((uint16_t)(len >> 16)) + htons((uint16_t)len);
	sum += htons(proto);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (uint16_t)~csum_fold((uint32_t)sum);
}

/* Where TCP and UDP keep theirs; 0: not one of them. */
static inline unsigned csum_field(uint8_t proto)
{
	if (proto == IPPROTO_TCP)
		return TCP_CSUM;
	return proto == IPPROTO_UDP ? UDP_CSUM : 0;
}

/* Finishes a sum whose field holds that of the pseudo-header, as senders leave
 * it to hardware. 'len': from 'l4' on. */
static inline void csum_close(uint8_t *l4, uint8_t proto, size_t len)
{
	unsigned at = csum_field(proto);
	uint16_t csum;

	if (!at || len < at + 2)
		return;
	csum = csum_of(l4, len);
	if (!csum && proto == IPPROTO_UDP)
		csum = 0xffff;
	rewrite_store16(l4 + at, csum);
}

/* rewrite_l4() for a checksum that is unfinished: the field holds the folded
 * sum of the pseudo-header, so that addresses alone change it. */
static inline void csum_rewrite_open(uint8_t *l4, uint8_t proto,
				     const struct rewrite *rw)
{
	uint8_t *at = l4 + (proto == REWRITE_TCP ? TCP_CSUM : UDP_CSUM);

	if (proto != REWRITE_TCP && proto != REWRITE_UDP)
		return;
	rewrite_ports(l4, rw);
	rewrite_store16(at,
			csum_fold((uint32_t)rewrite_load16(at) + rw->ip_delta));
}

#endif
