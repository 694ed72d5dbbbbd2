/* dora_reply.c - the answer to a client: its fields, its options, its way.
 *
 * Called by dora.c. No state. Options that the protocol needs come first; what
 * the client asked for follows in its own order (RFC 2132, 9.8). The answer
 * stays within the size that every client takes. */
#include "dora_reply.h"

#include <string.h>

struct options {
	struct wr w;
	const struct dhcp_conf *conf;
	const struct dora_grant *grant;
	bool done[256]; /* by code: written, or found not to exist */
};

/* What a client gets that names no wishes. */
static const uint8_t usual[] = { DHCP_OPT_MASK, DHCP_OPT_ROUTER, DHCP_OPT_DNS,
				 DHCP_OPT_DOMAIN, DHCP_OPT_BROADCAST };

static void write_text(struct wr *w, uint8_t code, const char *text)
{
	if (text[0])
		dhcp_msg_write_option(w, code, text, strlen(text));
}

static void write_search(struct wr *w, const char *domain)
{
	uint8_t name[DHCP_DOMAIN_MAX];
	size_t len = dhcp_msg_domain(domain, name);

	if (len)
		dhcp_msg_write_option(w, DHCP_OPT_SEARCH, name, len);
}

static void write_wanted(struct options *o, uint8_t code)
{
	const struct dhcp_conf *conf = o->conf;

	if (o->done[code])
		return;
	o->done[code] = true;
	switch (code) {
	case DHCP_OPT_MASK:
		dhcp_msg_write_addr(&o->w, code, conf->mask);
		break;
	case DHCP_OPT_ROUTER:
		/* The mask comes before it (RFC 2132, 3.3). */
		write_wanted(o, DHCP_OPT_MASK);
		dhcp_msg_write_addr(&o->w, code, conf->addr);
		break;
	case DHCP_OPT_DNS:
		dhcp_msg_write_addr(&o->w, code, conf->addr);
		break;
	case DHCP_OPT_HOSTNAME:
		write_text(&o->w, code, o->grant->hostname);
		break;
	case DHCP_OPT_DOMAIN:
		write_text(&o->w, code, conf->domain);
		break;
	case DHCP_OPT_MTU:
		if (conf->mtu)
			dhcp_msg_write_be16(&o->w, code, conf->mtu);
		break;
	case DHCP_OPT_BROADCAST:
		dhcp_msg_write_addr(&o->w, code, conf->addr | ~conf->mask);
		break;
	case DHCP_OPT_SEARCH:
		write_search(&o->w, conf->domain);
		break;
	default:
		break;
	}
}

/* RFC 2131, 4.4.5: renew at half the time, rebind at seven eighths. */
static void write_times(struct wr *w, uint32_t lease_s)
{
	dhcp_msg_write_be32(w, DHCP_OPT_LEASE_TIME, lease_s);
	dhcp_msg_write_be32(w, DHCP_OPT_T1, lease_s / 2);
	dhcp_msg_write_be32(w, DHCP_OPT_T2,
			    (uint32_t)((uint64_t)lease_s * 7 / 8));
}

static void write_settings(struct options *o, const struct dhcp_msg *ask)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(ask, DHCP_OPT_PARAMETERS, join);

	if (!rd_left(&r))
		r = rd_init(usual, sizeof(usual));
	while (rd_left(&r))
		write_wanted(o, rd_u8(&r));
}

static void write_options(struct options *o, const struct dhcp_msg *ask)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd id = dhcp_msg_option(ask, DHCP_OPT_CLIENT_ID, join);

	dhcp_msg_write_u8(&o->w, DHCP_OPT_TYPE, o->grant->type);
	dhcp_msg_write_addr(&o->w, DHCP_OPT_SERVER_ID, o->conf->addr);
	if (o->grant->lease_s)
		write_times(&o->w, o->grant->lease_s);
	if (o->grant->type != DHCP_NAK)
		write_settings(o, ask);
	/* Echoed as it came (RFC 6842), the long ones if they still fit. */
	if (rd_left(&id))
		dhcp_msg_write_option(&o->w, DHCP_OPT_CLIENT_ID, id.p,
				      rd_left(&id));
	dhcp_msg_write_end(&o->w);
}

/* RFC 2131, 4.1: where the answer goes. */
static void set_way(struct dora_reply *out, const struct dhcp_msg *ask,
		    const struct dora_grant *grant)
{
	memcpy(out->mac.b, ask->chaddr, sizeof(out->mac.b));
	out->ip = grant->ciaddr ? grant->ciaddr : grant->yiaddr;
	if (grant->type == DHCP_NAK)
		out->way = DORA_BROADCAST;
	else if (grant->ciaddr)
		out->way = DORA_TO_ADDR;
	else if (ask->flags & DHCP_BROADCAST)
		out->way = DORA_BROADCAST;
	else
		out->way = DORA_TO_MAC;
}

void dora_reply_build(struct dora_reply *out, const struct dhcp_conf *conf,
		      const struct dhcp_msg *ask,
		      const struct dora_grant *grant)
{
	struct options o = { .conf = conf, .grant = grant };
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

	memcpy(head.chaddr, ask->chaddr, sizeof(head.chaddr));
	o.w = wr_init(out->bytes, sizeof(out->bytes));
	dhcp_msg_write_head(&o.w, &head);
	write_options(&o, ask);
	out->durable = false;
	out->len = o.w.bad ? 0 : wr_len(&o.w);
	set_way(out, ask, grant);
}
