/* address.h - addresses of both families in one form, and what they mean.
 *
 * Only what an address says of itself; who holds it, kernel_nets knows.
 * Included by gate.bpf.c alone. */
#ifndef GATE_ADDRESS_H
#define GATE_ADDRESS_H

#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/* Either family, IPv4 as ::ffff:a.b.c.d: the form of kernel_nets. */
struct address {
	__be32 w[4];
};

static __always_inline __be32 v4(const struct address *a)
{
	return a->w[3];
}

static __always_inline bool is_v4_mapped(const struct address *a)
{
	return !a->w[0] && !a->w[1] && a->w[2] == bpf_htonl(0xffff);
}

static __always_inline void set_v4(struct address *a, __be32 v4)
{
	a->w[0] = 0;
	a->w[1] = 0;
	a->w[2] = bpf_htonl(0xffff);
	a->w[3] = v4;
}

static __always_inline bool is_multicast(__be32 a)
{
	return (a & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000);
}

/* 0/8 and 127/8: never on a wire, but for 0.0.0.0 as a source. */
static __always_inline bool is_loopback_or_zero(__be32 a)
{
	__be32 top = a & bpf_htonl(0xff000000);

	return !top || top == bpf_htonl(0x7f000000);
}

/* All ones, everywhere or in the port's network. /31 and /32 have no such
 * address (RFC 3021). */
static __always_inline bool is_broadcast(const struct gate_port *port, __be32 a)
{
	if (a == bpf_htonl(0xffffffff))
		return true;
	return (port->mask & bpf_htonl(0xfffffffe)) == port->mask &&
	       ~port->mask && port->net && a == (port->net | ~port->mask);
}

/* ::1 and ::ffff:0:0/96: never on a wire, though kernel_nets knows both. */
static __always_inline bool is_ipv6_martian(const struct address *a)
{
	return is_v4_mapped(a) ||
	       (!a->w[0] && !a->w[1] && !a->w[2] && a->w[3] == bpf_htonl(1));
}

static __always_inline bool is_ipv6_unspecified(const struct address *a)
{
	return !a->w[0] && !a->w[1] && !a->w[2] && !a->w[3];
}

static __always_inline bool is_ipv6_multicast(const struct address *a)
{
	return (a->w[0] & bpf_htonl(0xff000000)) == bpf_htonl(0xff000000);
}

static __always_inline bool is_ipv6_link_local(const struct address *a)
{
	return (a->w[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

#endif
