/* dora_reply.c - the answer to a client: its fields and its way.
 *
 * Called by dora.c; the options are reply_options.c. No state. The answer stays
 * within the size that the client takes. */
#include "dora_reply.h"

#include <string.h>

#include "reply_options.h"

#define UDP_HEADS 28 /* IPv4 and UDP, which a client's limit counts in */

/* RFC 2132, 9.10: what the client takes, and never less than all must. */
static size_t size_max(const struct dhcp_msg *ask)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(ask, DHCP_OPT_SIZE_MAX, join);
	size_t size = rd_left(&r) == 2 ? rd_be16(&r) : 0;

	if (size < DHCP_REPLY_MIN + UDP_HEADS)
		return DHCP_REPLY_MIN;
	return size - UDP_HEADS < DHCP_REPLY_MAX ? size - UDP_HEADS
						 : DHCP_REPLY_MAX;
}

/* RFC 2131, 4.1: where the answer goes. */
static void set_way(struct dora_reply *out, const struct dhcp_msg *ask,
		    const struct dora_grant *grant)
{
	memcpy(out->mac.b, ask->chaddr, sizeof(out->mac.b));
	out->ip = grant->ciaddr ? grant->ciaddr : grant->yiaddr;
	if (ask->giaddr) {
		out->way = DORA_TO_RELAY;
		out->ip = ask->giaddr;
	} else if (grant->type == DHCP_NAK) {
		out->way = DORA_BROADCAST;
	} else if (grant->ciaddr) {
		out->way = DORA_TO_ADDR;
	} else if (ask->flags & DHCP_BROADCAST) {
		out->way = DORA_BROADCAST;
	} else {
		out->way = DORA_TO_MAC;
	}
}

void dora_reply_build(struct dora_reply *out, const struct dhcp_conf *conf,
		      const struct dhcp_msg *ask,
		      const struct dora_grant *grant)
{
	struct dhcp_msg head = {
		.op = DHCP_OP_REPLY,
		.htype = ask->htype,
		.hlen = ask->hlen,
		.xid = ask->xid,
		.flags = ask->flags,
		.ciaddr = grant->ciaddr,
		.yiaddr = grant->yiaddr,
		.giaddr = ask->giaddr,
	};
	struct wr w = wr_init(out->bytes, size_max(ask));

	memcpy(head.chaddr, ask->chaddr, sizeof(head.chaddr));
	/* A relay hands a NAK on by broadcast then (RFC 2131, 4.3.2). */
	if (grant->type == DHCP_NAK && ask->giaddr)
		head.flags |= DHCP_BROADCAST;
	if (grant->type != DHCP_NAK && conf->boot.file[0])
		head.siaddr =
			conf->boot.server[0] ? conf->boot.addr : conf->addr;
	dhcp_msg_write_head(&w, &head);
	reply_options_write(&w, conf, ask, grant);
	out->durable = false;
	out->len = w.bad ? 0 : wr_len(&w);
	set_way(out, ask, grant);
}
