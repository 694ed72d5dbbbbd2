/* guard_rules.c - the nftables table that catches what the gate should have.
 *
 * Called by gateway.c, and by undo.c to delete. Control thread only. In nft's
 * words:
 *
 *   table inet NAME {
 *     chain forward {
 *       type filter hook forward priority filter - 10; policy accept;
 *       iifname "LAN" oifname "WAN" counter drop
 *       oifname "WAN" ip saddr NET counter drop
 *       iifname "WAN" ip daddr NET counter drop
 *     }
 *     chain output {
 *       type filter hook output priority filter - 10; policy accept;
 *       oifname "WAN" icmp type 3 icmp code 3 counter drop
 *       oifname "WAN" icmpv6 type 1 icmpv6 code 4 counter drop
 *       oifname "WAN" ip saddr NET counter drop
 *     }
 *   } */
#include "guard.h"
#include "guard_priv.h"
#include "nft.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdint.h>
#include <string.h>

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

static void match_ifname(struct nlmsghdr *nlh, uint32_t key, const char *ifname)
{
	char name[IF_NAMESIZE] = { 0 };

	strncpy(name, ifname, sizeof(name) - 1);
	nft_meta(nlh, key);
	nft_cmp(nlh, name, sizeof(name));
}

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
static void match_icmp(struct nlmsghdr *nlh, uint8_t proto, uint8_t type,
		       uint8_t code)
{
	match_meta_u8(nlh, NFT_META_L4PROTO, proto);
	nft_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type));
	nft_cmp(nlh, &type, sizeof(type));
	nft_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 1, sizeof(code));
	nft_cmp(nlh, &code, sizeof(code));
}

static void rule_drop(struct nft_batch *b, struct nft_rule r)
{
	nft_counter(r.nlh);
	nft_verdict(r.nlh, NF_DROP);
	nft_rule_end(b, r);
}

/* From the LAN to the WAN the engine alone forwards. A host that addresses a
 * bridge member's own MAC gets past the gate, with any source it likes. */
static void drop_crossing(struct nft_batch *b, const char *lan, const char *wan)
{
	struct nft_rule r = nft_rule_begin(b, forward.name);

	match_ifname(r.nlh, NFT_META_IIFNAME, lan);
	match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	rule_drop(b, r);
}

/* Leaving by the WAN with a source in 'net': forwarded untranslated, or the
 * kernel's own answer to what was sent in our name. */
static void drop_source(struct nft_batch *b, const struct nft_base_chain *chain,
			const char *wan, const struct prefix *net)
{
	struct nft_rule r = nft_rule_begin(b, chain->name);

	match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	match_net(r.nlh, true, net);
	rule_drop(b, r);
}

static void drop_destination(struct nft_batch *b, const char *wan,
			     const struct prefix *net)
{
	struct nft_rule r = nft_rule_begin(b, forward.name);

	match_ifname(r.nlh, NFT_META_IIFNAME, wan);
	match_net(r.nlh, false, net);
	rule_drop(b, r);
}

/* "Nobody listens here" tells a stranger that somebody is here. */
static void drop_unreachable(struct nft_batch *b, const char *wan, bool v6)
{
	struct nft_rule r = nft_rule_begin(b, output.name);

	match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	if (v6)
		match_icmp(r.nlh, IPPROTO_ICMPV6, ICMPV6_DEST_UNREACH,
			   ICMPV6_PORT_UNREACH);
	else
		match_icmp(r.nlh, IPPROTO_ICMP, ICMP_DEST_UNREACH,
			   ICMP_PORT_UNREACH);
	rule_drop(b, r);
}

int guard_rules_del(const char *table)
{
	struct nft_batch b;

	if (strlen(table) >= NFT_TABLE_NAME_MAX)
		return -EINVAL;
	nft_begin(&b, table);
	nft_table(&b, NFT_MSG_DELTABLE);
	return nft_send(&b);
}

/* Adding the table first makes deleting it succeed whether it was there or
 * not. */
static int rules_send(const char *table, const char *wan, const char *lan,
		      const struct prefix *nets, unsigned nets_n)
{
	struct nft_batch b;
	unsigned i;

	nft_begin(&b, table);
	nft_table(&b, NFT_MSG_NEWTABLE);
	nft_table(&b, NFT_MSG_DELTABLE);
	nft_table(&b, NFT_MSG_NEWTABLE);
	nft_chain(&b, &forward);
	nft_chain(&b, &output);
	drop_crossing(&b, lan, wan);
	drop_unreachable(&b, wan, false);
	drop_unreachable(&b, wan, true);
	for (i = 0; i < nets_n; i++) {
		drop_source(&b, &forward, wan, &nets[i]);
		drop_destination(&b, wan, &nets[i]);
		drop_source(&b, &output, wan, &nets[i]);
	}
	return nft_send(&b);
}

int guard_rules_set(struct journal *j, const char *instance, const char *wan,
		    const char *lan, const struct prefix *lans, unsigned lans_n,
		    struct error *err)
{
	int code;

	if (strlen(instance) >= NFT_TABLE_NAME_MAX || lans_n > LANS_MAX)
		return error_set(err, -EINVAL,
				 "guard rules of %s: name too long or more "
				 "than %d networks",
				 instance, LANS_MAX);
	code = journal_add(j, "nft %s", instance);
	if (!code)
		code = rules_send(instance, wan, lan, lans, lans_n);
	if (code == -EOPNOTSUPP)
		return error_set(
			err, code,
			"this kernel has no nf_tables for family inet: "
			"enable NF_TABLES_INET");
	if (code)
		return error_set(err, code,
				 "nftables table inet %s cannot be made: %s",
				 instance, strerror(-code));
	return 0;
}
