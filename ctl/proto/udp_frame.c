/* udp_frame.c - a UDP datagram with its IPv4 header (RFC 768, 791, 1071).
 *
 * Called by dhcp/port67.c and dhcp/rival.c. No state. */
#include "udp_frame.h"

#include <errno.h>

#define IP_HEAD	      20
#define UDP_HEAD      8
#define IP_VERSION    4
#define IP_TTL	      64
#define PROTO_UDP     17
#define FRAGMENT_MASK 0x3fff /* more fragments, and the offset */
#define IP_SUM_AT     10
#define UDP_SUM_AT    (IP_HEAD + 6)

/* Adds bytes as 16-bit words to a one's complement sum; an odd last byte is
 * the high half of a word. */
static uint32_t sum_add(uint32_t sum, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);

	while (rd_left(&r) >= 2)
		sum += rd_be16(&r);
	if (rd_left(&r))
		sum += (uint32_t)rd_u8(&r) << 8;
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void udp_frame_write(struct wr *w, const struct udp_frame *f,
		     const void *payload, size_t len)
{
	size_t at = wr_len(w);
	uint16_t udp_len = (uint16_t)(UDP_HEAD + len), udp_sum;
	uint32_t sum;

	if (len > UINT16_MAX - UDP_FRAME_HEAD) {
		w->bad = true;
		return;
	}
	wr_u8(w, IP_VERSION << 4 | IP_HEAD / 4);
	wr_u8(w, 0);
	wr_be16(w, (uint16_t)(UDP_FRAME_HEAD + len));
	wr_be32(w, 0); /* one whole datagram: no id needed (RFC 6864, 4.1) */
	wr_u8(w, IP_TTL);
	wr_u8(w, PROTO_UDP);
	wr_be16(w, 0);
	wr_bytes(w, &f->src, 4);
	wr_bytes(w, &f->dst, 4);
	wr_be16(w, f->src_port);
	wr_be16(w, f->dst_port);
	wr_be16(w, udp_len);
	wr_be16(w, 0);
	wr_bytes(w, payload, len);
	if (w->bad)
		return;

	sum = sum_add(0, w->start + at, IP_HEAD);
	wr_patch_be16(w, at + IP_SUM_AT, sum_fold(sum));
	/* The pseudo header's sum; 0 on the wire would mean no checksum. */
	sum = sum_add(PROTO_UDP + udp_len, &f->src, 4);
	sum = sum_add(sum, &f->dst, 4);
	sum = sum_add(sum, w->start + at + IP_HEAD, udp_len);
	udp_sum = sum_fold(sum);
	wr_patch_be16(w, at + UDP_SUM_AT, udp_sum ? udp_sum : 0xffff);
}

int udp_frame_parse(struct udp_frame *f, struct rd *payload, const void *data,
		    size_t len)
{
	struct rd r = rd_init(data, len);
	uint16_t total, fragment, udp_len;
	size_t head;
	uint8_t first, protocol;

	first = rd_u8(&r);
	head = (size_t)(first & 0xf) * 4;
	rd_skip(&r, 1);
	total = rd_be16(&r);
	rd_skip(&r, 2);
	fragment = rd_be16(&r);
	rd_skip(&r, 1);
	protocol = rd_u8(&r);
	rd_skip(&r, 2);
	rd_bytes(&r, &f->src, 4);
	rd_bytes(&r, &f->dst, 4);
	if (r.bad || first >> 4 != IP_VERSION || head < IP_HEAD ||
	    total < head || total > len || protocol != PROTO_UDP ||
	    fragment & FRAGMENT_MASK)
		return -EBADMSG;

	rd_skip(&r, head - IP_HEAD);
	f->src_port = rd_be16(&r);
	f->dst_port = rd_be16(&r);
	udp_len = rd_be16(&r);
	rd_skip(&r, 2);
	if (r.bad || udp_len < UDP_HEAD || udp_len > total - head)
		return -EBADMSG;
	*payload = rd_sub(&r, udp_len - UDP_HEAD);
	return payload->bad ? -EBADMSG : 0;
}
