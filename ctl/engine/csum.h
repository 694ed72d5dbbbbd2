/* csum.h - the Internet checksum over a stretch of bytes (RFC 1071).
 *
 * For headers that we write ourselves and for checking those that we read; what
 * is translated goes by difference, see bpf/rewrite.h. In memory's order. */
#ifndef ENGINE_CSUM_H
#define ENGINE_CSUM_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../bpf/rewrite.h"

/* What belongs into the checksum field, when that is zero in 'data'; 0 when the
 * field is in place and right. */
static inline uint16_t csum_of(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t sum = 0;
	uint32_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, p, len);
	sum += word;
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (uint16_t)~csum_fold((uint32_t)((sum & 0xffff) + (sum >> 16)));
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
