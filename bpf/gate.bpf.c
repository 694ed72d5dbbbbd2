/* gate.bpf.c - whose packet is this? The question at both doors of the house.
 *
 * Every packet that arrives on a LAN or WAN port is passed to the kernel
 * unmodified, given to the engine, or dropped under a name. The policy is one
 * text (lan.h, wan.h) under two faces: XDP where a driver has it natively, and
 * tc for all others. The first question is whether the engine has answered it
 * before (express.h). Runs on every CPU at once and writes nothing but
 * counters. */
#include "vmlinux.h"

#include "abi.h"
#include "lan.h"
#include "wan.h"
#include "face_xdp.h"
#include "face_tc.h"
#include "egress.h"
#include "express.h"
#include "punt.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

static __always_inline int ask_lan_xdp(struct xdp_md *ctx)
{
	struct gate_port *port = port_of(ctx->ingress_ifindex);
	struct cursor c = xdp_cursor(ctx);
	struct tuple t = {};
	__u32 verdict;

	if (!port)
		return xdp_drop(DROP_ENGINE_AWAY, c.left);
	verdict = lan_door(&c, &t, port);
	return xdp_act(ctx, port, verdict, t.bytes);
}

static __always_inline int ask_wan_xdp(struct xdp_md *ctx)
{
	struct gate_port *port = port_of(ctx->ingress_ifindex);
	struct cursor c = xdp_cursor(ctx);
	struct tuple t = {};
	__u32 verdict;

	if (!port)
		return xdp_drop(DROP_ENGINE_AWAY, c.left);
	verdict = wan_door(ctx, &c, &t, port);
	return xdp_act(ctx, port, verdict, t.bytes);
}

static __always_inline int ask_lan_tc(struct __sk_buff *skb)
{
	struct gate_port *port = port_of(skb->ifindex);
	struct tuple t = {};
	struct cursor c;
	__u32 verdict;

	if (!port)
		return tc_drop(DROP_ENGINE_AWAY, skb->len);
	if (is_vlans(skb))
		return tc_pass(skb);
	tc_pull(skb);
	c = tc_cursor(skb);
	verdict = lan_door(&c, &t, port);
	return tc_act(skb, port, verdict, &t);
}

static __always_inline int ask_wan_tc(struct __sk_buff *skb)
{
	struct gate_port *port = port_of(skb->ifindex);
	struct tuple t = {};
	struct cursor c;
	__u32 verdict;

	if (!port)
		return tc_drop(DROP_ENGINE_AWAY, skb->len);
	if (is_vlans(skb))
		return tc_pass(skb);
	tc_pull(skb);
	c = tc_cursor(skb);
	verdict = wan_door(skb, &c, &t, port);
	return tc_act(skb, port, verdict, &t);
}

SEC("xdp")
int lan_xdp(struct xdp_md *ctx)
{
	int action = express_xdp(ctx);

	return action == EXPRESS_NONE ? ask_lan_xdp(ctx) : action;
}

SEC("xdp")
int wan_xdp(struct xdp_md *ctx)
{
	int action = express_xdp(ctx);

	return action == EXPRESS_NONE ? ask_wan_xdp(ctx) : action;
}

SEC("tc")
int lan_tc(struct __sk_buff *skb)
{
	int action = express_tc(skb);

	return action == EXPRESS_NONE ? ask_lan_tc(skb) : action;
}

SEC("tc")
int wan_tc(struct __sk_buff *skb)
{
	int action = express_tc(skb);

	return action == EXPRESS_NONE ? ask_wan_tc(skb) : action;
}

SEC("xdp")
int punt_xdp(struct xdp_md *ctx)
{
	return punt_in(ctx);
}

SEC("tc")
int punt_tc(struct __sk_buff *skb)
{
	return punt_out(skb);
}

SEC("tc")
int punt_shut_tc(struct __sk_buff *skb)
{
	return punt_shut(skb);
}

SEC("tc")
int egress_tc(struct __sk_buff *skb)
{
	return egress_act(skb);
}
