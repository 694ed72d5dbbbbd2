/* ports.h - whose is a port: the NAT's, the owner's choice, a socket of our
 * own?
 *
 * Questions of the policy about a parsed packet, answered by the bitmaps of
 * maps.h and by the kernel's own socket tables. They change nothing. */
#ifndef GATE_PORTS_H
#define GATE_PORTS_H

#include "maps.h"
#include "parse.h"

#define PORT_DHCP_SERVER   67
#define PORT_DHCP_CLIENT   68
#define PORT_DHCPV6_CLIENT 546
#define PORT_DHCPV6_SERVER 547

static __always_inline bool has_bit(void *map, const struct tuple *t,
				    __be16 port)
{
	__u32 number = bpf_ntohs(port), proto, word;
	struct gate_word *w;

	if (t->proto == IPPROTO_TCP)
		proto = GATE_BITS_TCP;
	else if (t->proto == IPPROTO_UDP)
		proto = GATE_BITS_UDP;
	else if (t->proto == IPPROTO_ICMP)
		proto = GATE_BITS_ICMP;
	else
		return false;
	word = gate_bits_word(proto, number);
	w = bpf_map_lookup_elem(map, &word);
	return w && w->bits & gate_bits_mask(number);
}

/* Does the NAT hold it? */
__noinline bool is_claimed(const struct tuple *t, __be16 port)
{
	return t && has_bit(&claimed, t, port);
}

/* Did the owner open it? */
__noinline bool is_opened(const struct tuple *t, __be16 port)
{
	return t && has_bit(&local_open, t, port);
}

/* May the machine's own clients speak from it? */
__noinline bool is_own_clients(const struct tuple *t, __be16 port)
{
	return t && has_bit(&local_own, t, port);
}

/* The addresses as the socket's owner sees a packet that arrives. Returns the
 * size that names the family to the helpers. */
static __always_inline __u32 sock_tuple(struct bpf_sock_tuple *s,
					const struct tuple *t)
{
	if (t->version == 4) {
		s->ipv4.saddr = v4(&t->src);
		s->ipv4.daddr = v4(&t->dst);
		s->ipv4.sport = t->sport;
		s->ipv4.dport = t->dport;
		return sizeof(s->ipv4);
	}
	__builtin_memcpy(s->ipv6.saddr, t->src.w, sizeof(s->ipv6.saddr));
	__builtin_memcpy(s->ipv6.daddr, t->dst.w, sizeof(s->ipv6.daddr));
	s->ipv6.sport = t->sport;
	s->ipv6.dport = t->dport;
	return sizeof(s->ipv6);
}

/* A connection of our own, or one that is just being made or ending. A
 * listener is none: that port is closed to the WAN. */
static __noinline bool has_tcp_connection(void *ctx, const struct tuple *t)
{
	struct bpf_sock_tuple s = {};
	__u32 size = sock_tuple(&s, t);
	struct bpf_sock *sk;
	bool connected;

	sk = bpf_skc_lookup_tcp(ctx, &s, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	connected = sk->state != BPF_TCP_LISTEN;
	bpf_sk_release(sk);
	return connected;
}

static __noinline bool has_udp_socket(void *ctx, const struct tuple *t)
{
	struct bpf_sock_tuple s = {};
	__u32 size = sock_tuple(&s, t);
	struct bpf_sock *sk;

	sk = bpf_sk_lookup_udp(ctx, &s, size, BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return false;
	bpf_sk_release(sk);
	return true;
}

static __always_inline bool is_dhcp_reply(const struct tuple *t)
{
	if (t->proto != IPPROTO_UDP)
		return false;
	if (t->version == 4)
		return t->sport == bpf_htons(PORT_DHCP_SERVER) &&
		       t->dport == bpf_htons(PORT_DHCP_CLIENT);
	return t->sport == bpf_htons(PORT_DHCPV6_SERVER) &&
	       t->dport == bpf_htons(PORT_DHCPV6_CLIENT);
}

#endif
