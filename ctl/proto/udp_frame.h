/* udp_frame.h - a UDP datagram with its IPv4 header, as packet sockets carry
 * it.
 *
 * For talking to hosts that have no address yet: the DHCP server answers them,
 * and listens for other servers, below the IP stack. Pure codec. */
#ifndef PROTO_UDP_FRAME_H
#define PROTO_UDP_FRAME_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/bytes.h"

#define UDP_FRAME_HEAD 28 /* IPv4 without options, and UDP */

struct udp_frame {
	__be32 src, dst;
	uint16_t src_port, dst_port;
};

/* Both headers, their checksums, and the payload; w->bad: no room. */
void udp_frame_write(struct wr *w, const struct udp_frame *f,
		     const void *payload, size_t len);
/* -EBADMSG: not one whole UDP datagram over IPv4. Checksums are not looked at:
 * virtual ports leave them unfinished. 'payload' is a view into 'data'. */
int udp_frame_parse(struct udp_frame *f, struct rd *payload, const void *data,
		    size_t len);

#endif
