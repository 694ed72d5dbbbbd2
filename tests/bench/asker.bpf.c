/* asker.bpf.c - asks a name server as fast as it answers: 'answered' makes each
 * answer that arrives the next question and sends it back, so that so many are
 * always under way and neither a socket nor a process of the asker's stands in
 * what is measured. 'ask' runs on live frames of BPF_PROG_TEST_RUN, one for
 * each question under way: the first time, and where an answer stayed out.
 * 'mirror' is the cheapest server that there can be: it sends each question
 * back as its own answer. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "asker.h"

#define ANSWER_GOOD 0x8000 /* QR and RCODE 0 ... */
#define ANSWER_MASK 0xf80f /* ... of QR, opcode, RCODE */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct asker_frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ASKER_SLOTS);
	__type(key, __u32);
	__type(value, struct asker_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct asker_count);
} counts SEC(".maps");

const volatile __u32 port; /* index of the interface to ask on */
const volatile __u32 under_way = 1;
__u32 turn; /* of 'ask' */

static __always_inline void write_digits(__u8 *digits, __u32 n)
{
	digits[0] = (__u8)('0' + n / 100 % 10);
	digits[1] = (__u8)('0' + n / 10 % 10);
	digits[2] = (__u8)('0' + n % 10);
}

/* The next question of the slot 'id' into 'f'. */
static __always_inline int write_question(struct asker_frame *f,
					  struct asker_slot *slot, __u32 id)
{
	struct asker_frame *made;
	__u32 zero = 0;

	made = bpf_map_lookup_elem(&frames, &zero);
	if (!made)
		return XDP_DROP;
	__builtin_memcpy(f, made, sizeof(*f));
	slot->name = (slot->name + under_way) % ASKER_NAMES;
	slot->asked_ns = bpf_ktime_get_ns();
	f->head.id = bpf_htons((__u16)id);
	f->head.udp.source = bpf_htons((__u16)(ASKER_PORT + id % ASKER_PORTS));
	write_digits(f->name + ASKER_DIGITS, slot->name);
	return XDP_TX;
}

SEC("xdp")
int ask(struct xdp_md *ctx)
{
	struct asker_frame *f = (void *)(long)ctx->data;
	__u32 id = turn++ % under_way, zero = 0;
	struct asker_slot *slot = bpf_map_lookup_elem(&slots, &id);
	struct asker_count *c = bpf_map_lookup_elem(&counts, &zero);

	if (!slot || !c || (void *)(f + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	if (slot->asked_ns + ASKER_PATIENCE_NS > bpf_ktime_get_ns())
		return XDP_DROP;
	if (slot->asked_ns)
		c->again++;
	else
		slot->name = id;
	return write_question(f, slot, id);
}

static __always_inline int is_answer(const struct asker_frame *f,
				     const struct asker_slot *slot)
{
	__u8 digits[3];

	write_digits(digits, slot->name);
	return (bpf_ntohs(f->head.flags) & ANSWER_MASK) == ANSWER_GOOD &&
	       f->head.answers && f->name[ASKER_DIGITS] == digits[0] &&
	       f->name[ASKER_DIGITS + 1] == digits[1] &&
	       f->name[ASKER_DIGITS + 2] == digits[2];
}

SEC("xdp")
int answered(struct xdp_md *ctx)
{
	struct asker_frame *f = (void *)(long)ctx->data;
	int more = sizeof(*f) - (int)(ctx->data_end - ctx->data);
	struct asker_slot *slot;
	struct asker_count *c;
	__u32 id, zero = 0;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end ||
	    f->head.eth.h_proto != bpf_htons(ETH_P_IP) ||
	    f->head.ip.protocol != IPPROTO_UDP ||
	    f->head.udp.source != bpf_htons(53) ||
	    (__u16)(bpf_ntohs(f->head.udp.dest) - ASKER_PORT) >= ASKER_PORTS)
		return XDP_PASS;
	id = bpf_ntohs(f->head.id);
	slot = id < under_way ? bpf_map_lookup_elem(&slots, &id) : 0;
	c = bpf_map_lookup_elem(&counts, &zero);
	if (!slot || !c)
		return XDP_DROP;
	if (!is_answer(f, slot)) {
		c->wrong++;
		return XDP_DROP;
	}
	c->answers++;
	if (bpf_xdp_adjust_tail(ctx, more))
		return XDP_DROP;
	f = (void *)(long)ctx->data;
	if ((void *)(f + 1) > (void *)(long)ctx->data_end ||
	    write_question(f, slot, id) != XDP_TX)
		return XDP_DROP;
	/* Not XDP_TX: its far end would need a program too, here GRO does. */
	return (int)bpf_redirect(port, 0);
}

SEC("xdp")
int mirror(struct xdp_md *ctx)
{
	struct asker_head *f = (void *)(long)ctx->data;
	__u8 mac[ETH_ALEN];
	__be32 addr;
	__be16 udp;

	if ((void *)(f + 1) > (void *)(long)ctx->data_end ||
	    f->eth.h_proto != bpf_htons(ETH_P_IP) ||
	    f->ip.protocol != IPPROTO_UDP || f->udp.dest != bpf_htons(53))
		return XDP_PASS;
	__builtin_memcpy(mac, f->eth.h_dest, ETH_ALEN);
	__builtin_memcpy(f->eth.h_dest, f->eth.h_source, ETH_ALEN);
	__builtin_memcpy(f->eth.h_source, mac, ETH_ALEN);
	addr = f->ip.saddr;
	f->ip.saddr = f->ip.daddr;
	f->ip.daddr = addr;
	udp = f->udp.source;
	f->udp.source = f->udp.dest;
	f->udp.dest = udp;
	f->udp.check = 0;
	f->flags |= bpf_htons(0x8000); /* QR */
	return (int)bpf_redirect(port, 0);
}

char _license[] SEC("license") = "Dual MIT/GPL";
