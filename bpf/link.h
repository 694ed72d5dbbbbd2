/* link.h - what stands before the IP header: whose is the frame?
 *
 * Ethernet, or nothing at all on a port such as a TUN. Included by gate.bpf.c
 * alone. */
#ifndef GATE_LINK_H
#define GATE_LINK_H

#include "maps.h"
#include "parse.h"

static __always_inline struct gate_port *port_of(__u32 ifindex)
{
	return bpf_map_lookup_elem(&port_info, &ifindex);
}

/* Leaves the cursor at what follows. A port without Ethernet has no 'dmac'. */
static __always_inline __u32 parse_link(struct cursor *c,
					const struct gate_port *port,
					__u16 dmac[3])
{
	return port->l3 ? peek_ip(c) : parse_ethernet(c, dmac);
}

/* Is the frame for the port's owner? Both are aligned to two bytes. */
static __always_inline bool is_ours(const struct gate_port *port,
				    const __u16 dmac[3])
{
	const __u16 *mac = (const __u16 *)port->mac;

	return dmac[0] == mac[0] && dmac[1] == mac[1] && dmac[2] == mac[2];
}

static __always_inline bool is_group_mac(const __u16 dmac[3])
{
	return dmac[0] & bpf_htons(0x0100);
}

/* Is it for a member of the LAN's bridge? */
static __always_inline bool is_members(const __u16 dmac[3])
{
	struct gate_mac key = {};

	if (is_group_mac(dmac))
		return false;
	__builtin_memcpy(key.mac, dmac, sizeof(key.mac));
	return bpf_map_lookup_elem(&lan_macs, &key);
}

#endif
