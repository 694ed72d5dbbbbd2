/* face_xdp.h - the gate on ports whose driver has native XDP.
 *
 * What is the engine's goes to the AF_XDP socket of the queue it came by. What
 * is the kernel's goes on unmodified. Included by gate.bpf.c alone. */
#ifndef GATE_FACE_XDP_H
#define GATE_FACE_XDP_H

#include "parse.h"
#include "verdict.h"

static __always_inline struct cursor xdp_cursor(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	return (struct cursor){ .at = data, .end = end, .left = end - data };
}

static __always_inline int xdp_drop(__u32 reason, __u32 bytes)
{
	count_drop(reason, bytes);
	return XDP_DROP;
}

/* Fails closed: with nobody at the socket the packet is dropped. */
static __always_inline int xdp_engine(struct xdp_md *ctx, __u32 slot,
				      __u32 bytes)
{
	__u32 queue = ctx->rx_queue_index;
	long action = XDP_DROP;

	if (queue < GATE_QUEUES_MAX)
		action = bpf_redirect_map(&xsks, slot * GATE_QUEUES_MAX + queue,
					  XDP_DROP);
	return action == XDP_REDIRECT ? action
				      : xdp_drop(DROP_ENGINE_AWAY, bytes);
}

/* With nobody at the socket it is the kernel's. */
static __always_inline int xdp_either(struct xdp_md *ctx, __u32 slot)
{
	__u32 queue = ctx->rx_queue_index;

	if (queue >= GATE_QUEUES_MAX)
		return XDP_PASS;
	return bpf_redirect_map(&xsks, slot * GATE_QUEUES_MAX + queue,
				XDP_PASS);
}

static __always_inline int xdp_act(struct xdp_md *ctx,
				   const struct gate_port *port, __u32 verdict,
				   __u32 bytes)
{
	if (verdict == PASS)
		return XDP_PASS;
	if (verdict == ENGINE)
		return xdp_engine(ctx, port->slot, bytes);
	if (verdict == EITHERS)
		return xdp_either(ctx, port->slot);
	return xdp_drop(verdict, bytes);
}

#endif
