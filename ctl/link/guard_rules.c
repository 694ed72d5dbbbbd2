/* guard_rules.c - the nftables table that catches what the gate should have.
 *
 * Built as one netlink batch, which the kernel applies whole or not at all.
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
#include "nlsock.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define CHAIN_PRIORITY (-10)
#define TABLE_NAME_MAX 64
/* Each LAN takes three rules of at most some 500 bytes. */
#define LANS_MAX    16
#define BATCH_BYTES (32 * 1024)

/* Where an address stands in the IP header: RFC 791, RFC 8200. */
#define IP4_SRC 12
#define IP4_DST 16
#define IP6_SRC 8
#define IP6_DST 24

struct chain {
	const char *name;
	uint32_t hook;
};

static const struct chain forward = { "forward", NF_INET_FORWARD };
static const struct chain output = { "output", NF_INET_LOCAL_OUT };

/* The requests of one transaction, back to back. */
struct batch {
	alignas(struct nlmsghdr) char bytes[BATCH_BYTES];
	size_t len;
	uint32_t seq;
};

/* ---- one transaction */

static struct nlmsghdr *batch_add(struct batch *b, uint16_t type,
				  uint16_t flags, uint8_t family,
				  uint16_t res_id)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(b->bytes + b->len);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++b->seq;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return nlh;
}

/* A message is part of the batch only once this was called. */
static void batch_done(struct batch *b, const struct nlmsghdr *nlh)
{
	b->len += MNL_ALIGN(nlh->nlmsg_len);
}

static void batch_begin(struct batch *b)
{
	b->len = 0;
	b->seq = 0;
	batch_done(b, batch_add(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC,
				NFNL_SUBSYS_NFTABLES));
}

static struct nlmsghdr *batch_nft(struct batch *b, uint8_t msg, uint16_t flags)
{
	return batch_add(b, NFNL_SUBSYS_NFTABLES << 8 | msg, flags,
			 NFPROTO_INET, 0);
}

static int reply_error(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type != NLMSG_ERROR ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*e))
		return 0;
	return e->error;
}

/* The kernel has worked the batch off when sendto() returns: what is there to
 * read then are its complaints, the first of which counts. */
static int batch_complaints(struct mnl_socket *mnl)
{
	alignas(struct nlmsghdr) char buf[NLSOCK_BUF];
	const struct nlmsghdr *nlh;
	ssize_t n;
	int err = 0, left;

	for (;;) {
		n = recv(mnl_socket_get_fd(mnl), buf, sizeof(buf),
			 MSG_DONTWAIT);
		if (n < 0)
			return err || errno == EAGAIN ? err : -errno;
		left = (int)n;
		for (nlh = (void *)buf; !err && mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			err = reply_error(nlh);
	}
}

static int batch_send(struct batch *b)
{
	struct nlsock nl;
	int err;

	batch_done(b, batch_add(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
				NFNL_SUBSYS_NFTABLES));
	err = nlsock_open(&nl, NETLINK_NETFILTER);
	if (!err) {
		err = mnl_socket_sendto(nl.mnl, b->bytes, b->len) < 0
			      ? -errno
			      : batch_complaints(nl.mnl);
		nlsock_close(&nl);
	}
	/* No netlink bus, no nf_tables, no family inet: all one to us. */
	if (err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT)
		return -EOPNOTSUPP;
	return err;
}

/* ---- what a rule is made of. nf_tables numbers are big-endian. */

static void put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, htonl(value));
}

static void put_data(struct nlmsghdr *nlh, uint16_t type, const void *data,
		     size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, data);
	mnl_attr_nest_end(nlh, nest);
}

/* An expression is a list element with a name and, inside, its own data. */
struct expr {
	struct nlattr *elem, *data;
};

static struct expr expr_begin(struct nlmsghdr *nlh, const char *name)
{
	struct expr e;

	e.elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return e;
}

static void expr_end(struct nlmsghdr *nlh, struct expr e)
{
	mnl_attr_nest_end(nlh, e.data);
	mnl_attr_nest_end(nlh, e.elem);
}

static void expr_meta(struct nlmsghdr *nlh, uint32_t key)
{
	struct expr e = expr_begin(nlh, "meta");

	put_be32(nlh, NFTA_META_KEY, key);
	put_be32(nlh, NFTA_META_DREG, NFT_REG_1);
	expr_end(nlh, e);
}

static void expr_cmp(struct nlmsghdr *nlh, const void *data, size_t len)
{
	struct expr e = expr_begin(nlh, "cmp");

	put_be32(nlh, NFTA_CMP_SREG, NFT_REG_1);
	put_be32(nlh, NFTA_CMP_OP, NFT_CMP_EQ);
	put_data(nlh, NFTA_CMP_DATA, data, len);
	expr_end(nlh, e);
}

static void expr_payload(struct nlmsghdr *nlh, uint32_t base, uint32_t offset,
			 uint32_t len)
{
	struct expr e = expr_begin(nlh, "payload");

	put_be32(nlh, NFTA_PAYLOAD_DREG, NFT_REG_1);
	put_be32(nlh, NFTA_PAYLOAD_BASE, base);
	put_be32(nlh, NFTA_PAYLOAD_OFFSET, offset);
	put_be32(nlh, NFTA_PAYLOAD_LEN, len);
	expr_end(nlh, e);
}

static void expr_mask(struct nlmsghdr *nlh, const void *mask, uint32_t len)
{
	static const uint8_t zero[16];
	struct expr e = expr_begin(nlh, "bitwise");

	put_be32(nlh, NFTA_BITWISE_SREG, NFT_REG_1);
	put_be32(nlh, NFTA_BITWISE_DREG, NFT_REG_1);
	put_be32(nlh, NFTA_BITWISE_LEN, len);
	put_data(nlh, NFTA_BITWISE_MASK, mask, len);
	put_data(nlh, NFTA_BITWISE_XOR, zero, len);
	expr_end(nlh, e);
}

static void expr_counter(struct nlmsghdr *nlh)
{
	expr_end(nlh, expr_begin(nlh, "counter"));
}

static void expr_drop(struct nlmsghdr *nlh)
{
	struct expr e = expr_begin(nlh, "immediate");
	struct nlattr *data, *verdict;

	put_be32(nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	put_be32(nlh, NFTA_VERDICT_CODE, NF_DROP);
	mnl_attr_nest_end(nlh, verdict);
	mnl_attr_nest_end(nlh, data);
	expr_end(nlh, e);
}

/* ---- the table */

static void put_table(struct batch *b, const char *table, uint8_t msg)
{
	struct nlmsghdr *nlh =
		batch_nft(b, msg, msg == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	batch_done(b, nlh);
}

static void put_chain(struct batch *b, const char *table,
		      const struct chain *chain)
{
	struct nlmsghdr *nlh = batch_nft(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain->name);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	put_be32(nlh, NFTA_HOOK_HOOKNUM, chain->hook);
	put_be32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)CHAIN_PRIORITY);
	mnl_attr_nest_end(nlh, hook);
	put_be32(nlh, NFTA_CHAIN_POLICY, NF_ACCEPT);
	batch_done(b, nlh);
}

/* ---- what a rule looks at */

static void match_ifname(struct nlmsghdr *nlh, uint32_t key, const char *ifname)
{
	char name[IF_NAMESIZE] = { 0 };

	strncpy(name, ifname, sizeof(name) - 1);
	expr_meta(nlh, key);
	expr_cmp(nlh, name, sizeof(name));
}

static void match_meta_u8(struct nlmsghdr *nlh, uint32_t key, uint8_t value)
{
	expr_meta(nlh, key);
	expr_cmp(nlh, &value, sizeof(value));
}

/* A source or a destination in the LAN's network. */
static void match_net(struct nlmsghdr *nlh, bool source,
		      const struct prefix *lan)
{
	bool v4 = addr_is_v4(&lan->addr);
	unsigned i, len = v4 ? 4 : 16, skip = 16 - len;
	struct prefix net = prefix_network(lan);
	uint8_t mask[16] = { 0 };
	uint32_t offset;

	if (v4)
		offset = source ? IP4_SRC : IP4_DST;
	else
		offset = source ? IP6_SRC : IP6_DST;
	for (i = 0; i < lan->len; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	match_meta_u8(nlh, NFT_META_NFPROTO, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	expr_payload(nlh, NFT_PAYLOAD_NETWORK_HEADER, offset, len);
	expr_mask(nlh, mask + skip, len);
	expr_cmp(nlh, net.addr.b + skip, len);
}

/* Type and code are the first two bytes of ICMP and of ICMPv6. */
static void match_icmp(struct nlmsghdr *nlh, uint8_t proto, uint8_t type,
		       uint8_t code)
{
	match_meta_u8(nlh, NFT_META_L4PROTO, proto);
	expr_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type));
	expr_cmp(nlh, &type, sizeof(type));
	expr_payload(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, 1, sizeof(code));
	expr_cmp(nlh, &code, sizeof(code));
}

/* ---- rules: begun, told what to look at, and ended by the drop */

struct rule {
	struct nlmsghdr *nlh;
	struct nlattr *list;
};

static struct rule rule_begin(struct batch *b, const char *table,
			      const struct chain *chain)
{
	struct rule r;

	r.nlh = batch_nft(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	mnl_attr_put_strz(r.nlh, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(r.nlh, NFTA_RULE_CHAIN, chain->name);
	r.list = mnl_attr_nest_start(r.nlh, NFTA_RULE_EXPRESSIONS);
	return r;
}

static void rule_drop(struct batch *b, struct rule r)
{
	expr_counter(r.nlh);
	expr_drop(r.nlh);
	mnl_attr_nest_end(r.nlh, r.list);
	batch_done(b, r.nlh);
}

/* From the LAN to the WAN the engine alone forwards. A host that addresses a
 * bridge member's own MAC gets past the gate, with any source it likes. */
static void drop_crossing(struct batch *b, const char *table, const char *lan,
			  const char *wan)
{
	struct rule r = rule_begin(b, table, &forward);

	match_ifname(r.nlh, NFT_META_IIFNAME, lan);
	match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	rule_drop(b, r);
}

/* Leaving by the WAN with a source in 'net': forwarded untranslated, or the
 * kernel's own answer to what was sent in our name. */
static void drop_source(struct batch *b, const char *table,
			const struct chain *chain, const char *wan,
			const struct prefix *net)
{
	struct rule r = rule_begin(b, table, chain);

	match_ifname(r.nlh, NFT_META_OIFNAME, wan);
	match_net(r.nlh, true, net);
	rule_drop(b, r);
}

static void drop_destination(struct batch *b, const char *table,
			     const char *wan, const struct prefix *net)
{
	struct rule r = rule_begin(b, table, &forward);

	match_ifname(r.nlh, NFT_META_IIFNAME, wan);
	match_net(r.nlh, false, net);
	rule_drop(b, r);
}

/* "Nobody listens here" tells a stranger that somebody is here. */
static void drop_unreachable(struct batch *b, const char *table,
			     const char *wan, bool v6)
{
	struct rule r = rule_begin(b, table, &output);

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
	struct batch b;

	if (strlen(table) >= TABLE_NAME_MAX)
		return -EINVAL;
	batch_begin(&b);
	put_table(&b, table, NFT_MSG_DELTABLE);
	return batch_send(&b);
}

/* Adding the table first makes deleting it succeed whether it was there or
 * not. */
static int rules_send(const char *table, const char *wan, const char *lan,
		      const struct prefix *nets, unsigned nets_n)
{
	struct batch b;
	unsigned i;

	batch_begin(&b);
	put_table(&b, table, NFT_MSG_NEWTABLE);
	put_table(&b, table, NFT_MSG_DELTABLE);
	put_table(&b, table, NFT_MSG_NEWTABLE);
	put_chain(&b, table, &forward);
	put_chain(&b, table, &output);
	drop_crossing(&b, table, lan, wan);
	drop_unreachable(&b, table, wan, false);
	drop_unreachable(&b, table, wan, true);
	for (i = 0; i < nets_n; i++) {
		drop_source(&b, table, &forward, wan, &nets[i]);
		drop_destination(&b, table, wan, &nets[i]);
		drop_source(&b, table, &output, wan, &nets[i]);
	}
	return batch_send(&b);
}

int guard_rules_set(struct journal *j, const char *instance, const char *wan,
		    const char *lan, const struct prefix *lans, unsigned lans_n,
		    struct error *err)
{
	int code;

	if (strlen(instance) >= TABLE_NAME_MAX || lans_n > LANS_MAX)
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
