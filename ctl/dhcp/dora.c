/* dora.c - what a DHCP server does about a message.
 *
 * Discover, offer, request, acknowledge, and the ways around: one function for
 * each kind of message. Called by dhcp.c; asks pool.c, answers by dora_reply.c.
 * We are authoritative: who asks for an address that is not for him gets a NAK
 * and starts anew, unless another server may know better. */
#include "dora.h"

#include <string.h>

#include "../base/log.h"
#include "../proto/dhcp_opt.h"
#include "dora_reply.h"
#include "hostname.h"

/* One message with what every handler wants to know of it. */
struct ask {
	const struct dhcp_msg *m;
	struct lease_client client;
	__be32 requested, server;
	bool rapid; /* asks for the address at once (RFC 4039) */
	uint64_t now_ms;
};

static bool is_station(const struct mac *mac)
{
	return !(mac->b[0] & 1) && !mac_is_zero(mac);
}

/* An address that a host of this network can have, but us. */
static bool is_neighbour(const struct dora *d, __be32 ip)
{
	__be32 host = ip & ~d->conf.mask;

	return !((ip ^ d->conf.addr) & d->conf.mask) && ip != d->conf.addr &&
	       host && host != ~d->conf.mask;
}

static void read_id(struct lease_client *c, const struct dhcp_msg *m)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(m, DHCP_OPT_CLIENT_ID, join);

	if (rd_left(&r) && rd_left(&r) <= sizeof(c->id.b)) {
		c->id.len = (uint8_t)rd_left(&r);
		rd_bytes(&r, c->id.b, c->id.len);
		return;
	}
	c->id.len = 1 + sizeof(struct mac);
	c->id.b[0] = m->htype;
	memcpy(c->id.b + 1, m->chaddr, sizeof(struct mac));
}

/* A relay of this very network, such as an access point may be, is served. */
static enum dhcp_drop read_ask(struct ask *a, const struct dora *d,
			       const struct dhcp_msg *m, uint64_t now_ms)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r;

	memcpy(a->client.mac.b, m->chaddr, sizeof(a->client.mac.b));
	if (m->op != DHCP_OP_REQUEST)
		return DHCP_DROP_NOT_REQUEST;
	if (m->htype != DHCP_ETHERNET || m->hlen != sizeof(struct mac) ||
	    !is_station(&a->client.mac))
		return DHCP_DROP_BAD_HARDWARE;
	if (m->giaddr && !is_neighbour(d, m->giaddr))
		return DHCP_DROP_RELAYED;
	a->m = m;
	a->now_ms = now_ms;
	a->requested = dhcp_msg_addr(m, DHCP_OPT_REQUESTED);
	a->server = dhcp_msg_addr(m, DHCP_OPT_SERVER_ID);
	r = dhcp_msg_option(m, DHCP_OPT_RAPID_COMMIT, join);
	a->rapid = m->type == DHCP_DISCOVER && r.p && !rd_left(&r);
	read_id(&a->client, m);
	a->client.port =
		d->port_of ? d->port_of(d->port_of_arg, &a->client.mac) : 0;
	return DHCP_DROP_NONE;
}

/* A client may have a shorter lease than ours, not a longer one. */
static uint32_t lease_time(const struct dora *d, const struct ask *a)
{
	const struct lease *l = pool_find(d->pool, &a->client);
	uint32_t s = dhcp_msg_u32(a->m, DHCP_OPT_LEASE_TIME);
	uint32_t most = d->conf.lease_s;

	if (pool_is_tight(d->pool) && !(l && (l->known || l->is_static)) &&
	    most > DORA_LEASE_FIRST_S)
		most = DORA_LEASE_FIRST_S;
	if (s && s < DORA_LEASE_MIN_S)
		s = DORA_LEASE_MIN_S;
	return s && s < most ? s : most;
}

/* The owner's word, else what the client calls itself: in full (RFC 4702, 3.1),
 * else in short. */
static void choose_hostname(const struct dora *d, const struct ask *a,
			    char out[HOSTNAME_SIZE])
{
	uint8_t join[DHCP_MSG_MAX];
	struct dhcp_fqdn fqdn;
	struct rd r;
	unsigned i;

	for (i = 0; i < d->conf.names_n; i++) {
		const struct dhcp_name *n = &d->conf.names[i];

		if (!mac_eq(&n->mac, &a->client.mac))
			continue;
		hostname_number(n->label, 1, out);
		return;
	}
	r = dhcp_msg_option(a->m, DHCP_OPT_FQDN, join);
	if (r.p && !dhcp_fqdn_parse(&fqdn, r) && fqdn.name[0]) {
		hostname_clean((const uint8_t *)fqdn.name, strlen(fqdn.name),
			       out);
		return;
	}
	r = dhcp_msg_option(a->m, DHCP_OPT_HOSTNAME, join);
	hostname_clean(r.p, rd_left(&r), out);
}

/* A flood finds an address now and then, so that its end is none of the news.
 */
static void note_exhausted(struct dora *d, const struct ask *a)
{
	char mac[MAC_STRLEN];

	if (d->told_ms && a->now_ms - d->told_ms < DORA_TELL_MS)
		return;
	d->told_ms = a->now_ms;
	log_warn("dhcp: %s: no free address on %s",
		 mac_format(&a->client.mac, mac), d->conf.ifname);
}

static bool holds(const struct dora *d, const struct ask *a, __be32 ip)
{
	const struct lease *l = pool_find(d->pool, &a->client);

	return l && l->ip == ip && l->known;
}

static void grant_or_refuse(struct dora *d, const struct ask *a, __be32 ip,
			    __be32 ciaddr, struct dora_reply *out)
{
	struct dora_grant grant = { .type = DHCP_NAK };
	uint32_t lease_s = lease_time(d, a);
	char hostname[HOSTNAME_SIZE];
	const struct lease *l;

	choose_hostname(d, a, hostname);
	l = pool_bind(d->pool, &a->client, ip, hostname,
		      (uint64_t)lease_s * 1000, a->now_ms);
	if (l) {
		grant.type = DHCP_ACK;
		grant.ciaddr = ciaddr;
		grant.yiaddr = ip;
		grant.lease_s = lease_s;
		grant.hostname = l->hostname;
		grant.rapid = a->rapid;
	}
	dora_reply_build(out, &d->conf, a->m, &grant);
	out->durable = l;
}

static enum dhcp_drop on_discover(struct dora *d, const struct ask *a,
				  struct dora_reply *out)
{
	struct dora_grant grant = { .type = DHCP_OFFER };
	const struct lease *l;

	if (d->silent)
		return DHCP_DROP_RIVAL;
	l = pool_offer(d->pool, &a->client, a->requested, a->now_ms);
	if (!l) {
		note_exhausted(d, a);
		return DHCP_DROP_NO_ADDRESS;
	}
	if (d->conf.probe && pool_is_doubtful(l, a->now_ms)) {
		out->doubtful = l->ip;
		return DHCP_DROP_NONE;
	}
	if (a->rapid) {
		grant_or_refuse(d, a, l->ip, 0, out);
		if (out->durable)
			return DHCP_DROP_NONE;
		/* Refused is who requests (RFC 2131, 3.1.4). */
		out->len = 0;
		return DHCP_DROP_NO_ADDRESS;
	}
	grant.yiaddr = l->ip;
	grant.lease_s = lease_time(d, a);
	grant.hostname = l->hostname;
	dora_reply_build(out, &d->conf, a->m, &grant);
	return DHCP_DROP_NONE;
}

/* RFC 2131, 4.3.2: the fields that are set tell the client's state. */
static enum dhcp_drop on_request(struct dora *d, const struct ask *a,
				 struct dora_reply *out)
{
	bool selecting = a->server, renewing = !a->server && a->m->ciaddr;
	__be32 ip = renewing ? a->m->ciaddr : a->requested;

	if (selecting && a->server != d->conf.addr) {
		pool_unoffer(d->pool, &a->client);
		return DHCP_DROP_OTHER_SERVER;
	}
	if (!ip)
		return DHCP_DROP_MALFORMED;
	/* Who chose us is served; who just comes back may be the other's. */
	if (d->silent && !selecting && !holds(d, a, ip))
		return DHCP_DROP_RIVAL;
	grant_or_refuse(d, a, ip, renewing ? ip : 0, out);
	return DHCP_DROP_NONE;
}

static enum dhcp_drop on_decline(struct dora *d, const struct ask *a)
{
	struct addr ip = addr_v4(a->requested);
	char text[ADDR_STRLEN], mac[MAC_STRLEN];

	if (a->server != d->conf.addr)
		return DHCP_DROP_OTHER_SERVER;
	if (!pool_decline(d->pool, &a->client, a->requested, a->now_ms))
		return DHCP_DROP_NOT_HOLDER;
	log_warn("dhcp: %s: %s found it in use by another device, set aside",
		 addr_format(&ip, text), mac_format(&a->client.mac, mac));
	return DHCP_DROP_NONE;
}

static enum dhcp_drop on_release(struct dora *d, const struct ask *a)
{
	if (a->server && a->server != d->conf.addr)
		return DHCP_DROP_OTHER_SERVER;
	if (!pool_release(d->pool, &a->client, a->m->ciaddr, a->now_ms))
		return DHCP_DROP_NOT_HOLDER;
	return DHCP_DROP_NONE;
}

/* RFC 2131, 4.3.5: settings only, to a host that has its address already. */
static enum dhcp_drop on_inform(struct dora *d, const struct ask *a,
				struct dora_reply *out)
{
	struct dora_grant grant = { .type = DHCP_ACK, .hostname = "" };

	if (d->silent)
		return DHCP_DROP_RIVAL;
	if (!is_neighbour(d, a->m->ciaddr))
		return DHCP_DROP_BAD_ADDRESS;
	grant.ciaddr = a->m->ciaddr;
	dora_reply_build(out, &d->conf, a->m, &grant);
	return DHCP_DROP_NONE;
}

enum dhcp_drop dora_handle(struct dora *d, const struct dhcp_msg *m,
			   uint64_t now_ms, struct dora_reply *out)
{
	struct ask a;
	enum dhcp_drop drop = read_ask(&a, d, m, now_ms);

	out->len = 0;
	out->doubtful = 0;
	if (drop)
		return drop;
	switch (m->type) {
	case DHCP_DISCOVER:
		return on_discover(d, &a, out);
	case DHCP_REQUEST:
		return on_request(d, &a, out);
	case DHCP_DECLINE:
		return on_decline(d, &a);
	case DHCP_RELEASE:
		return on_release(d, &a);
	case DHCP_INFORM:
		return on_inform(d, &a, out);
	default:
		return DHCP_DROP_BAD_TYPE;
	}
}
