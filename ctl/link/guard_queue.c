/* guard_queue.c - see guard_queue.h. In nft's words:
 *
 *   chain to_engine {
 *     type filter hook prerouting priority -310; policy accept;
 *     iifname "WAN" meta mark & KIND == PASS meta mark set mark & ~KIND accept
 *     iifname "WAN" meta mark & KIND == 0 counter drop
 *     meta mark ENGINE | slot notrack queue num QUEUE + slot
 *   }
 *
 * What is queued is not tracked: the engine keeps its own books, and whoever
 * translates by connection tracking must not do so a second time. Control
 * thread only. */
#include "guard_queue.h"

#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <string.h>

#include "../../bpf/abi.h"

static const struct nft_base_chain queue = { "to_engine", NF_INET_PRE_ROUTING,
					     GUARD_QUEUE_PRIORITY };

static void notrack(struct nlmsghdr *nlh)
{
	nft_expr_end(nlh, nft_expr_begin(nlh, "notrack"));
}

static void queue_native(struct nlmsghdr *nlh, uint16_t number)
{
	struct nft_expr e = nft_expr_begin(nlh, "queue");

	mnl_attr_put_u16(nlh, NFTA_QUEUE_NUM, htons(number));
	mnl_attr_put_u16(nlh, NFTA_QUEUE_TOTAL, htons(1));
	nft_expr_end(nlh, e);
}

/* As libxtables would say it to nft_compat: in the machine's own byte order,
 * padded to eight bytes. */
static void queue_xt(struct nlmsghdr *nlh, uint16_t number)
{
	struct xt_NFQ_info_v3 info = { .queuenum = number, .queues_total = 1 };
	struct nft_expr e = nft_expr_begin(nlh, "target");
	uint8_t padded[8] = { 0 };

	memcpy(padded, &info, sizeof(info));
	mnl_attr_put_strz(nlh, NFTA_TARGET_NAME, "NFQUEUE");
	nft_put_be32(nlh, NFTA_TARGET_REV, 3);
	mnl_attr_put(nlh, NFTA_TARGET_INFO, sizeof(padded), padded);
	nft_expr_end(nlh, e);
}

/* What the classifier left to the kernel goes on as it came. */
static void pass_asked(struct nft_batch *b, const char *wan)
{
	struct nft_rule r = nft_rule_begin(b, queue.name);

	nft_match_ifname(r.nlh, NFT_META_IIFNAME, wan);
	nft_match_mark(r.nlh, GATE_MARK_MASK, GATE_MARK_PASS);
	nft_mark_keep(r.nlh, ~GATE_MARK_MASK);
	nft_verdict(r.nlh, NF_ACCEPT);
	nft_rule_end(b, r);
}

/* Somebody took the classifier off the port: until it is back the kernel must
 * not answer for what is not its. */
static void drop_unasked(struct nft_batch *b, const char *wan)
{
	struct nft_rule r = nft_rule_begin(b, queue.name);

	nft_match_ifname(r.nlh, NFT_META_IIFNAME, wan);
	nft_match_mark(r.nlh, GATE_MARK_MASK, 0);
	nft_counter(r.nlh);
	nft_verdict(r.nlh, NF_DROP);
	nft_rule_end(b, r);
}

void guard_queue_put(struct nft_batch *b, uint32_t slots, const char *wan,
		     enum guard_queue_word word)
{
	struct nft_rule r;

	nft_chain(b, &queue);
	if (wan) {
		pass_asked(b, wan);
		drop_unasked(b, wan);
	}
	for (uint16_t slot = 0; slot < GATE_PORTS_MAX; slot++) {
		if (!(slots & 1u << slot))
			continue;
		r = nft_rule_begin(b, queue.name);
		nft_match_mark(r.nlh, UINT32_MAX, GATE_MARK_ENGINE | slot);
		notrack(r.nlh);
		if (word == GUARD_QUEUE_NATIVE)
			queue_native(r.nlh, GATE_QUEUE + slot);
		else
			queue_xt(r.nlh, GATE_QUEUE + slot);
		nft_rule_end(b, r);
	}
}
