/* guard_rules.c - the nftables table that catches what the gate should have.
 *
 * Called by gateway.c, and by undo.c to delete. Control thread only. In nft's
 * words:
 *
 *   table inet NAME {
 *     chain to_engine { … }                                guard_queue.c
 *     chain forward {
 *       type filter hook forward priority filter - 10; policy accept;
 *       meta mark & KIND == DONE accept
 *       meta mark & KIND == OUT meta mark set DONE accept  likewise IN
 *       iifname "LAN" oifname "WAN" counter drop
 *       iifname "WAN" oifname "LAN" counter drop
 *       iifname CLOSED meta nfproto ipv4 counter drop      likewise ipv6
 *       oifname "WAN" ip saddr NET counter drop
 *       iifname "WAN" ip daddr NET counter drop
 *     }
 *     chain output {
 *       type filter hook output priority filter - 10; policy accept;
 *       meta mark & KIND == OWN accept
 *       oifname "WAN" icmp type 3 icmp code 3 counter drop
 *       oifname "WAN" icmpv6 type 1 icmpv6 code 4 counter drop
 *       oifname "WAN" icmp type 3 counter drop   with a queue; and 5, 11, 12
 *       oifname "WAN" ip saddr NET counter drop
 *     }
 *   } */
#include "guard.h"
#include "guard_priv.h"
#include "guard_queue.h"
#include "mark_rules.h"
#include "nft.h"
#include "nft_read.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdint.h>
#include <string.h>

#include "bpf/abi.h"

#define PRIORITY (-10)
/* Each LAN takes three rules of at most some 500 bytes. */
#define LANS_MAX 16

/* Where an address stands in the IP header: RFC 791, RFC 8200. */
#define IP4_SRC 12
#define IP4_DST 16
#define IP6_SRC 8
#define IP6_DST 24

static const struct nft_base_chain forward = { "forward", NF_INET_FORWARD,
					       PRIORITY };
static const struct nft_base_chain output = { "output", NF_INET_LOCAL_OUT,
					      PRIORITY };

/* ---- what a rule looks at */

static void match_meta_u8(struct nlmsghdr *nlh, uint32_t key, uint8_t value)
{
	nft_meta(nlh, key);
	nft_cmp(nlh, &value, sizeof(value));
}

/* A source or a destination in the LAN's network. */
static void match_net(struct nlmsghdr *nlh, bool source,
		      const struct prefix *lan)
{
	bool v4 = addr_is_v4(&lan->addr);
	unsigned i, len = v4 ? 4 : 16, skip = 16 - len;
	struct prefix net = prefix_network(lan);
	static const uint8_t zero[16];
	uint8_t mask[16] = { 0 };
	uint32_t offset;

	if (v4)
		offset = source ? IP4_SRC : IP4_DST;
	else
		offset = source ? IP6_SRC : IP6_DST;
	for (i = 0; i < lan->len; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	match_meta_u8(nlh, NFT_META_NFPROTO, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	nft_payload(nlh, NFT_PAYLOAD_NETWORK_HEADER, offset, len);
	nft_bitwise(nlh, mask + skip, zero, len);
	nft_cmp(nlh, net.addr.b + skip, len);
}

/* Type and code are the first two bytes of ICMP and of ICMPv6. */
static void match_icmp_type(struct nlmsghdr *nlh, uint8_t proto, uint8_t type)
{
	match_meta_u8(nlh, NFT_META_L4PROTO, proto);
	nft_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type));
	nft_cmp(nlh, &type, sizeof(type));
}

static void match_icmp_code(struct nlmsghdr *nlh, uint8_t code)
{
	nft_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 1, sizeof(code));
	nft_cmp(nlh, &code, sizeof(code));
}

static void rule_drop(struct nft_batch *b, struct nft_rule r)
{
	nft_counter(r.nlh);
	nft_verdict(r.nlh, NF_DROP);
	nft_rule_end(b, r);
}

/* ---- the chains */

static void accept_mark(struct nft_batch *b, const struct nft_base_chain *chain,
			uint32_t kind)
{
	struct nft_rule r = nft_rule_begin(b, chain->name);

	nft_match_mark(r.nlh, GATE_MARK_MASK, kind);
	nft_verdict(r.nlh, NF_ACCEPT);
	nft_rule_end(b, r);
}

/* Rewritten by now: to all that come later it is done. */
static void accept_as_done(struct nft_batch *b, uint32_t kind)
{
	struct nft_rule r = nft_rule_begin(b, forward.name);

	nft_match_mark(r.nlh, GATE_MARK_MASK, kind);
	nft_mark_set(r.nlh, GATE_MARK_DONE);
	nft_verdict(r.nlh, NF_ACCEPT);
	nft_rule_end(b, r);
}

/* Between the LAN and the WAN the engine alone forwards. */
static void drop_crossing(struct nft_batch *b, const char *from, const char *to)
{
	struct nft_rule r = nft_rule_begin(b, forward.name);

	nft_match_ifname(r.nlh, NFT_META_IIFNAME, from);
	nft_match_ifname(r.nlh, NFT_META_OIFNAME, to);
	rule_drop(b, r);
}

/* What the kernel did not route before it does not route now, but for us. */
static void drop_closed(struct nft_batch *b, const char *ifname, uint8_t family)
{
	struct nft_rule r = nft_rule_begin(b, forward.name);

	nft_match_ifname(r.nlh, NFT_META_IIFNAME, ifname);
	match_meta_u8(r.nlh, NFT_META_NFPROTO, family);
	rule_drop(b, r);
}

/* Leaving by the WAN with a source in 'net': forwarded untranslated, or the
 * kernel's own answer to what was sent in our name. */
static void drop_source(struct nft_batch *b, const struct nft_base_chain *chain,
			const char *wan, const struct prefix *net)
{
	struct nft_rule r = nft_rule_begin(b, chain->name);

	nft_match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	match_net(r.nlh, true, net);
	rule_drop(b, r);
}

static void drop_destination(struct nft_batch *b, const char *wan,
			     const struct prefix *net)
{
	struct nft_rule r = nft_rule_begin(b, forward.name);

	nft_match_ifname(r.nlh, NFT_META_IIFNAME, wan);
	match_net(r.nlh, false, net);
	rule_drop(b, r);
}

/* "Nobody listens here" tells a stranger that somebody is here. */
static void drop_unreachable(struct nft_batch *b, const char *wan, bool v6)
{
	struct nft_rule r = nft_rule_begin(b, output.name);

	nft_match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	match_icmp_type(r.nlh, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
			v6 ? ICMPV6_DEST_UNREACH : ICMP_DEST_UNREACH);
	match_icmp_code(r.nlh, v6 ? ICMPV6_PORT_UNREACH : ICMP_PORT_UNREACH);
	rule_drop(b, r);
}

/* The kernel's errors about what it routed quote it as the engine left it, with
 * addresses of the LAN. The engine sends what there is to say itself. */
static void drop_errors(struct nft_batch *b, const char *wan)
{
	static const uint8_t types[] = { ICMP_DEST_UNREACH, ICMP_REDIRECT,
					 ICMP_TIME_EXCEEDED,
					 ICMP_PARAMETERPROB };
	struct nft_rule r;

	for (unsigned i = 0; i < sizeof(types); i++) {
		r = nft_rule_begin(b, output.name);
		nft_match_ifname(r.nlh, NFT_META_OIFNAME, wan);
		match_icmp_type(r.nlh, IPPROTO_ICMP, types[i]);
		rule_drop(b, r);
	}
}

static void put_forward(struct nft_batch *b, const struct guard_house *h)
{
	nft_chain(b, &forward);
	accept_mark(b, &forward, GATE_MARK_DONE);
	accept_as_done(b, GATE_MARK_OUT);
	accept_as_done(b, GATE_MARK_IN);
	for (unsigned i = 0; i < h->closed_n; i++) {
		if (h->closed[i].v4)
			drop_closed(b, h->closed[i].ifname, NFPROTO_IPV4);
		if (h->closed[i].v6)
			drop_closed(b, h->closed[i].ifname, NFPROTO_IPV6);
	}
	if (!h->wan)
		return;
	drop_crossing(b, h->lan, h->wan);
	drop_crossing(b, h->wan, h->lan);
	for (unsigned i = 0; i < h->nets_n; i++) {
		drop_source(b, &forward, h->wan, &h->nets[i]);
		drop_destination(b, h->wan, &h->nets[i]);
	}
}

static void put_output(struct nft_batch *b, const struct guard_house *h)
{
	if (!h->wan)
		return;
	nft_chain(b, &output);
	accept_mark(b, &output, GATE_MARK_OWN);
	drop_unreachable(b, h->wan, false);
	drop_unreachable(b, h->wan, true);
	if (h->queued)
		drop_errors(b, h->wan);
	for (unsigned i = 0; i < h->nets_n; i++)
		drop_source(b, &output, h->wan, &h->nets[i]);
}

/* ---- the table */

/* How many rules the table has when it is whole; one instance a process. */
static unsigned rules_n;

int guard_rules_del(const char *table)
{
	struct nft_batch b;

	if (strlen(table) >= NFT_TABLE_NAME_MAX)
		return -EINVAL;
	nft_begin(&b, table);
	nft_table(&b, NFT_MSG_DELTABLE);
	return nft_send(&b);
}

static void put_carrier(struct nft_batch *b, const struct guard_house *h,
			enum guard_queue_word word)
{
	struct mark_rules marks = { .wan_addr = h->wan_addr };

	if (h->nets_n)
		marks.lan = h->nets[0];
	guard_queue_put(b, h->queued, h->wan_marked ? h->wan : NULL, word);
	if (h->queued)
		mark_rules_put(b, GUARD_QUEUE_PRIORITY + 1, &marks);
}

/* Adding the table first makes deleting it succeed whether it was there or
 * not. */
static int rules_send(const struct guard_house *h, enum guard_queue_word word)
{
	struct nft_batch b;
	int err;

	nft_begin(&b, h->instance);
	nft_table(&b, NFT_MSG_NEWTABLE);
	nft_table(&b, NFT_MSG_DELTABLE);
	nft_table(&b, NFT_MSG_NEWTABLE);
	if (h->queued || h->wan_marked)
		put_carrier(&b, h, word);
	put_forward(&b, h);
	put_output(&b, h);
	err = nft_send(&b);
	if (!err)
		rules_n = b.rules;
	return err;
}

int guard_rules_set(struct journal *j, const struct guard_house *h,
		    struct error *err)
{
	int code;

	if (strlen(h->instance) >= NFT_TABLE_NAME_MAX || h->nets_n > LANS_MAX)
		return error_set(err, -EINVAL,
				 "guard rules of %s: name too long or more "
				 "than %d networks",
				 h->instance, LANS_MAX);
	code = journal_add(j, "nft %s", h->instance);
	if (!code)
		code = rules_send(h, GUARD_QUEUE_NATIVE);
	if (code == -ENOENT && h->queued)
		code = rules_send(h, GUARD_QUEUE_XT);
	if (code == -EOPNOTSUPP)
		return error_set(
			err, code,
			"this kernel has no nf_tables for family inet: "
			"enable NF_TABLES_INET");
	if (code == -ENOENT && h->queued)
		return error_set(err, code,
				 "nftables cannot queue packets here: enable "
				 "NFT_QUEUE, or NFT_COMPAT and "
				 "NETFILTER_XT_TARGET_NFQUEUE");
	if (code)
		return error_set(err, code,
				 "nftables table inet %s cannot be made: %s",
				 h->instance, strerror(-code));
	return 0;
}

bool guard_rules_stand(const char *instance)
{
	unsigned n = 0;

	return !nft_rules_count(instance, &n) && n == rules_n;
}
