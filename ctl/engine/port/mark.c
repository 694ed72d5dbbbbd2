/* mark.c - from a translation to the mark that stands for it.
 * Called by worker.c (may it go by mark?) and egress.c (by which?). Engine
 * thread only. */
#include "mark.h"

#include <netinet/in.h>
#include <string.h>

#include "../../../bpf/abi.h"
#include "../packet/csum.h"
#include "../nat/nat_tcp.h"

#define HOST_SHIFT 16
#define HOST_MAX   0xfff /* between the mark's kind and the port */

/* The mark names a host by its part of the address alone. */
static bool hosts_fit(const struct engine_conf *conf)
{
	return conf->lans_n == 1 && ntohl(~conf->lans[0].mask) <= HOST_MAX;
}

/* RFC 768: a sum of 0 is none, which the rules do not know. */
static bool has_checksum(const struct pkt *p)
{
	const uint8_t *l4 = p->data + p->l4;

	return p->csum_open || rewrite_load16(l4 + csum_field(p->proto));
}

bool mark_suffices(const struct engine_conf *conf, const struct pkt *p)
{
	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return false;
	/* A SYN's options may change; fragments may have to wait. */
	if (p->flags & PKT_FRAG ||
	    (p->proto == IPPROTO_TCP && p->tcp_flags & TCP_SYN))
		return false;
	if (!addr_is_v4(&p->src))
		return true;
	if (!has_checksum(p))
		return false;
	if (p->side == SIDE_WAN)
		return hosts_fit(conf);
	/* Hairpin changes both ends. */
	return addr_to_v4(&p->dst) != conf->wan.addr;
}

uint32_t mark_of(const struct engine_conf *conf, const struct pkt *p)
{
	const uint8_t *l4 = p->data + p->l4;
	__be32 host;

	if (!addr_is_v4(&p->src)) /* nothing is translated */
		return GATE_MARK_DONE;
	if (p->out_side == SIDE_WAN)
		return GATE_MARK_OUT | rewrite_load16(l4 + PORTS_SRC);
	memcpy(&host, p->data + p->l3 + IPV4_DST, sizeof(host));
	host &= ~conf->lans[0].mask;
	return GATE_MARK_IN | ntohl(host) << HOST_SHIFT |
	       rewrite_load16(l4 + PORTS_DST);
}
