/* load.bpf.c - generator and sink as XDP programs, so that neither a socket nor
 * an sk_buff of the endpoints stands in what is measured.
 * 'generate' runs on live frames of BPF_PROG_TEST_RUN and sends each out of the
 * port it was "received" on; 'sink' counts UDP to one port and drops it. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "load.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct load_walk);
} walks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct load_count);
} counts SEC(".maps");

const volatile __u16 sink_port = 9;

/* The IPv4 header's sum, afresh: 20 bytes without options. */
static __always_inline __u16 ip_sum(const void *ip)
{
	const __u16 *w = ip;
	__u32 sum = 0;

	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct load_frame *f = (void *)(long)ctx->data;
	struct load_walk *w;
	__u32 zero = 0;
	__u64 n;

	w = bpf_map_lookup_elem(&walks, &zero);
	if (!w || (void *)(f + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	/* Whoever forwarded the page before has rewritten it: afresh. */
	__builtin_memcpy(f, &w->frame, sizeof(*f));
	n = w->next++;
	f->udp.source = bpf_htons((__u16)(w->port + n % w->ports));
	n /= w->ports;
	f->ip.saddr = bpf_htonl((__u32)(w->host + n % w->hosts));
	n /= w->hosts;
	f->ip.daddr = bpf_htonl((__u32)(w->remote + n % w->remotes));
	f->ip.check = 0;
	f->ip.check = ip_sum(&f->ip);
	return XDP_TX;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	struct load_frame *f = (void *)(long)ctx->data;
	struct load_count *c;
	__u32 zero = 0;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	if (f->eth.h_proto != bpf_htons(ETH_P_IP) ||
	    f->ip.protocol != IPPROTO_UDP ||
	    f->udp.dest != bpf_htons(sink_port))
		return XDP_PASS;
	c = bpf_map_lookup_elem(&counts, &zero);
	if (!c)
		return XDP_DROP;
	c->last_ns = bpf_ktime_get_ns();
	if (!c->packets)
		c->first_ns = c->last_ns;
	c->packets++;
	c->bytes += bpf_ntohs(f->ip.tot_len);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual MIT/GPL";
