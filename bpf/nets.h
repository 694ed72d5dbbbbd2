/* nets.h - who is behind an address: the machine, the LAN, another network?
 *
 * Questions of the policy about addresses, answered by kernel_nets and by what
 * is known of the port; those about ports are in ports.h. Included by
 * gate.bpf.c alone. */
#ifndef GATE_NETS_H
#define GATE_NETS_H

#include "address.h"
#include "maps.h"

/* Who answers for an address; 0: nobody we know. With 'len' under 128, the
 * network around it: a longer prefix than was asked for never matches. Not
 * static, like others that see no packet: the verifier walks such a function
 * once, and not once more for every way that leads to it. */
__noinline __u32 net_kind(const struct address *a, __u32 len)
{
	struct gate_net_key key = { .prefixlen = len };
	struct gate_net *net;

	if (!a)
		return 0;
	__builtin_memcpy(key.addr, a->w, sizeof(key.addr));
	net = bpf_map_lookup_elem(&kernel_nets, &key);
	return net ? net->kind : 0;
}

/* BCP 38: only hosts of the port's own network speak through it. */
static __always_inline bool is_spoofed(const struct gate_port *port, __be32 src)
{
	if (!port->addr || (src & port->mask) != port->net)
		return true;
	return src == port->addr || src == port->net || is_broadcast(port, src);
}

/* Delivered or routed without us. */
static __always_inline bool is_kernels(const struct address *dst)
{
	__u32 kind = net_kind(dst, 128);

	return kind == GATE_NET_OWN || kind == GATE_NET_LAN ||
	       kind == GATE_NET_ROUTED;
}

/* Who answers for an IPv4 address, as the WAN side sees it: the gateway's own
 * address on the LAN counts as the LAN. */
static __always_inline __u32 net_kind_from_wan(const struct address *a)
{
	__u32 kind = net_kind(a, 128);

	if (kind == GATE_NET_OWN && net_kind(a, 127) == GATE_NET_LAN)
		return GATE_NET_LAN;
	return kind;
}

#endif
