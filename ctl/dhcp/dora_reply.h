/* dora_reply.h - the answer to a client: its fields, its options, its way. */
#ifndef DHCP_DORA_REPLY_H
#define DHCP_DORA_REPLY_H

#include "dora.h"

struct dora_grant {
	uint8_t type;	      /* DHCP_OFFER, DHCP_ACK or DHCP_NAK */
	__be32 ciaddr;	      /* of a client that has its address, else 0 */
	__be32 yiaddr;	      /* the address given, 0: none */
	uint32_t lease_s;     /* 0: nothing is leased */
	bool rapid;	      /* an ACK without an offer before it */
	const char *hostname; /* "": none; not read for a NAK */
};

/* Fills 'out', which is not durable yet. */
void dora_reply_build(struct dora_reply *out, const struct dhcp_conf *conf,
		      const struct dhcp_msg *ask,
		      const struct dora_grant *grant);

#endif
