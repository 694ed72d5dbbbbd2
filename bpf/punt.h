/* punt.h - the way between a port's tc hook and the engine's sockets.
 *
 *     port ── lan_tc, wan_tc ── near ═ far ── AF_XDP
 *
 * For some drivers an XDP program on the port costs more than it saves: veth
 * copies every frame for it, and its peer stops making super-packets. There the
 * gate stands at tc alone and hands what is the engine's to the near end of a
 * veth pair of our own, whose far end has the XDP program and the sockets. What
 * the engine sends comes back by the same pair and goes out by the port; what
 * anybody else says there does not get through the far end's tc hook, which
 * AF_XDP sends past. GRO's super-packets are cut, and unfinished checksums
 * finished, on the way into the pair. Included by gate.bpf.c alone. */
#ifndef GATE_PUNT_H
#define GATE_PUNT_H

#include "face_tc.h"
#include "face_xdp.h"

static __always_inline struct gate_punt *punt_of(__u32 ifindex)
{
	return bpf_map_lookup_elem(&punts, &ifindex);
}

/* At the far end: the classifier has spoken already. */
static __always_inline int punt_in(struct xdp_md *ctx)
{
	struct gate_punt *punt = punt_of(ctx->ingress_ifindex);
	__u32 bytes = ctx->data_end - ctx->data;

	return punt ? xdp_engine(ctx, punt->slot, bytes)
		    : xdp_drop(DROP_ENGINE_AWAY, bytes);
}

/* At the near end: whole frames of the engine's, which egress.h lets go. */
static __always_inline int punt_out(struct __sk_buff *skb)
{
	struct gate_punt *punt = punt_of(skb->ifindex);

	if (!punt)
		return tc_drop(DROP_ENGINE_AWAY, skb->len);
	skb->mark = GATE_MARK_LANE;
	return bpf_redirect(punt->ifindex, 0);
}

/* At the far end's way out: what the machine itself would say there, such as a
 * DHCP client that asks on every device, would leave by the port. */
static __always_inline int punt_shut(struct __sk_buff *skb)
{
	return tc_drop(DROP_UNTRANSLATED, skb->len);
}

#endif
