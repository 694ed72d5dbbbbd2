/* face_tc.h - the gate on ports without native XDP, at clsact ingress.
 *
 * What is the engine's gets a mark, by which nftables queues it; what is the
 * kernel's goes on unmodified, to whoever else sits at the hook. A packet here
 * may be a super-packet (GRO) with little more than its headers at hand, its
 * outer VLAN tag may be out of band, and its port may have no Ethernet. On a
 * port that XDP carries it is asked second, for the express lane's sake.
 * Included by gate.bpf.c alone. */
#ifndef GATE_FACE_TC_H
#define GATE_FACE_TC_H

#define PACKET_HOST 0 /* linux/if_packet.h */

#include "parse.h"
#include "verdict.h"

/* Of <linux/pkt_cls.h>, which does not go with vmlinux.h. */
enum tc_action {
	TC_UNSPEC = -1, /* the next filter's */
	TC_OK = 0,
	TC_SHOT = 2,
};

/* Enough for every header that the policy reads, those that an ICMP error
 * quotes and IPv6's extensions among them. */
#define TC_LOOK_BYTES 256

/* 'left' counts the whole packet; only what is linear can be read. */
static __always_inline struct cursor tc_cursor(struct __sk_buff *skb)
{
	return (struct cursor){ .at = (void *)(long)skb->data,
				.end = (void *)(long)skb->data_end,
				.left = skb->len };
}

/* Brings the headers to hand: most packets have them there, some super-packets
 * keep all but a few bytes elsewhere. What cannot be had is missed by whoever
 * reads it. To look twice instead would have the verifier walk the whole policy
 * once for every way that the first look can end. */
static __always_inline void tc_pull(struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data;
	__u32 wanted = skb->len < TC_LOOK_BYTES ? skb->len : TC_LOOK_BYTES;

	if (linear < wanted)
		bpf_skb_pull_data(skb, wanted);
}

/* The tag that the kernel took out of the frame. */
static __always_inline bool is_vlans(const struct __sk_buff *skb)
{
	return skb->vlan_present && skb->vlan_tci & VLAN_ID;
}

/* Marks of ours are given here and nowhere before. */
static __always_inline bool is_marked(const struct __sk_buff *skb)
{
	__u32 kind = skb->mark & GATE_MARK_MASK;

	return (kind >= GATE_MARK_PASS && kind <= GATE_MARK_OWN) ||
	       skb->mark == GATE_MARK_LANE;
}

static __always_inline int tc_pass(struct __sk_buff *skb)
{
	if (is_marked(skb))
		skb->mark = 0;
	return TC_UNSPEC;
}

/* On a WAN without XDP rules drop what comes without a mark: should the
 * classifier be taken off, nothing gets past it. Whoever marked it before keeps
 * theirs. */
static __always_inline int tc_pass_asked(struct __sk_buff *skb,
					 const struct gate_port *port,
					 const struct tuple *t)
{
	int action = tc_pass(skb);

	if (port->role == GATE_ROLE_WAN && t->version &&
	    !(skb->mark & GATE_MARK_MASK))
		skb->mark |= GATE_MARK_PASS;
	return action;
}

static __always_inline int tc_drop(__u32 reason, __u32 bytes)
{
	count_drop(reason, bytes);
	return TC_SHOT;
}

/* XDP has passed it on: as the kernel's, or to the express lane. Rows wait for
 * that (EXPRESS_FACE_LEAVING); what the lane did not take all the same, nobody
 * waits for. */
static __always_inline int tc_act_behind(struct __sk_buff *skb, __u32 verdict,
					 const struct tuple *t)
{
	if (verdict == PASS || verdict == EITHERS)
		return tc_pass(skb);
	return tc_drop(verdict == ENGINE ? DROP_ENGINE_AWAY : verdict,
		       t->bytes);
}

/* What is the engine's goes to its sockets by a device of ours (punt.h). */
static __always_inline int tc_act_punt(struct __sk_buff *skb,
				       const struct gate_port *port,
				       __u32 verdict, const struct tuple *t)
{
	if (verdict == PASS)
		return tc_pass_asked(skb, port, t);
	if (verdict == ENGINE || verdict == EITHERS)
		return bpf_redirect(port->punt, 0);
	return tc_drop(verdict, t->bytes);
}

static __always_inline int tc_act(struct __sk_buff *skb,
				  const struct gate_port *port, __u32 verdict,
				  const struct tuple *t)
{
	if (port->punt)
		return tc_act_punt(skb, port, verdict, t);
	if (port->behind_xdp)
		return tc_act_behind(skb, verdict, t);
	if (verdict == PASS || verdict == EITHERS)
		return tc_pass_asked(skb, port, t);
	if (verdict != ENGINE)
		return tc_drop(verdict, t->bytes);
	skb->mark = GATE_MARK_ENGINE | port->slot;
	/* Sent to a bridge member's own address it would count as another
	 * host's, for which IP has no ears. */
	bpf_skb_change_type(skb, PACKET_HOST);
	return TC_OK;
}

#endif
