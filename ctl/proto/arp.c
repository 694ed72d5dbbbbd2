/* arp.c - ARP for IPv4 over Ethernet (RFC 826).
 *
 * Called by dhcp/arp_port.c. No state. */
#include "arp.h"

#include <errno.h>

#define HTYPE_ETHERNET 1
#define PTYPE_IPV4     0x0800
#define HLEN	       6
#define PLEN	       4

void arp_write(struct wr *w, const struct arp *a)
{
	wr_be16(w, HTYPE_ETHERNET);
	wr_be16(w, PTYPE_IPV4);
	wr_u8(w, HLEN);
	wr_u8(w, PLEN);
	wr_be16(w, a->op);
	wr_bytes(w, a->sender.b, HLEN);
	wr_bytes(w, &a->sender_ip, PLEN);
	wr_bytes(w, a->target.b, HLEN);
	wr_bytes(w, &a->target_ip, PLEN);
}

int arp_parse(struct arp *a, const void *data, size_t len)
{
	struct rd r = rd_init(data, len);
	uint16_t htype, ptype;
	uint8_t hlen, plen;

	htype = rd_be16(&r);
	ptype = rd_be16(&r);
	hlen = rd_u8(&r);
	plen = rd_u8(&r);
	a->op = rd_be16(&r);
	rd_bytes(&r, a->sender.b, HLEN);
	rd_bytes(&r, &a->sender_ip, PLEN);
	rd_bytes(&r, a->target.b, HLEN);
	rd_bytes(&r, &a->target_ip, PLEN);
	if (r.bad || htype != HTYPE_ETHERNET || ptype != PTYPE_IPV4 ||
	    hlen != HLEN || plen != PLEN)
		return -EBADMSG;
	return 0;
}
