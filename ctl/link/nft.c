/* nft.c - the words of nf_tables' netlink, and the transaction around them.
 * Called by guard_rules.c. Control thread only. */
#include "nft.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* ---- one transaction */

static struct nlmsghdr *message(struct nft_batch *b, uint16_t type,
				uint16_t flags, uint8_t family, uint16_t res_id)
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
static void done(struct nft_batch *b, const struct nlmsghdr *nlh)
{
	b->len += MNL_ALIGN(nlh->nlmsg_len);
}

void nft_begin(struct nft_batch *b, const char *table)
{
	b->table = table;
	b->family = NFPROTO_INET;
	b->rules = 0;
	b->len = 0;
	b->seq = 0;
	done(b, message(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC,
			NFNL_SUBSYS_NFTABLES));
}

static struct nlmsghdr *request(struct nft_batch *b, uint8_t msg,
				uint16_t flags)
{
	return message(b, NFNL_SUBSYS_NFTABLES << 8 | msg, flags, b->family, 0);
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
static int complaints(struct mnl_socket *mnl)
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

int nft_send(struct nft_batch *b)
{
	struct nlsock nl;
	int err;

	done(b, message(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC,
			NFNL_SUBSYS_NFTABLES));
	err = nlsock_open(&nl, NETLINK_NETFILTER);
	if (!err) {
		err = mnl_socket_sendto(nl.mnl, b->bytes, b->len) < 0
			      ? -errno
			      : complaints(nl.mnl);
		nlsock_close(&nl);
	}
	/* No netlink bus, no nf_tables, no family inet: all one to us. */
	if (err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT)
		return -EOPNOTSUPP;
	return err;
}

/* ---- what a rule is made of. nf_tables numbers are big-endian. */

void nft_put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
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
struct nft_expr nft_expr_begin(struct nlmsghdr *nlh, const char *name)
{
	struct nft_expr e;

	e.elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	return e;
}

void nft_expr_end(struct nlmsghdr *nlh, struct nft_expr e)
{
	mnl_attr_nest_end(nlh, e.data);
	mnl_attr_nest_end(nlh, e.elem);
}

void nft_meta(struct nlmsghdr *nlh, uint32_t key)
{
	struct nft_expr e = nft_expr_begin(nlh, "meta");

	nft_put_be32(nlh, NFTA_META_KEY, key);
	nft_put_be32(nlh, NFTA_META_DREG, NFT_REG_1);
	nft_expr_end(nlh, e);
}

void nft_cmp(struct nlmsghdr *nlh, const void *data, size_t len)
{
	struct nft_expr e = nft_expr_begin(nlh, "cmp");

	nft_put_be32(nlh, NFTA_CMP_SREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_CMP_OP, NFT_CMP_EQ);
	put_data(nlh, NFTA_CMP_DATA, data, len);
	nft_expr_end(nlh, e);
}

void nft_match_ifname(struct nlmsghdr *nlh, uint32_t key, const char *ifname)
{
	char name[IF_NAMESIZE] = { 0 };

	strncpy(name, ifname, sizeof(name) - 1);
	nft_meta(nlh, key);
	nft_cmp(nlh, name, sizeof(name));
}

void nft_match_mark(struct nlmsghdr *nlh, uint32_t mask, uint32_t value)
{
	static const uint32_t none;

	nft_meta(nlh, NFT_META_MARK);
	if (mask != UINT32_MAX)
		nft_bitwise(nlh, &mask, &none, sizeof(mask));
	nft_cmp(nlh, &value, sizeof(value));
}

void nft_payload(struct nlmsghdr *nlh, uint32_t base, uint32_t offset,
		 uint32_t len)
{
	struct nft_expr e = nft_expr_begin(nlh, "payload");

	nft_put_be32(nlh, NFTA_PAYLOAD_DREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_PAYLOAD_BASE, base);
	nft_put_be32(nlh, NFTA_PAYLOAD_OFFSET, offset);
	nft_put_be32(nlh, NFTA_PAYLOAD_LEN, len);
	nft_expr_end(nlh, e);
}

void nft_bitwise(struct nlmsghdr *nlh, const void *mask, const void *flip,
		 uint32_t len)
{
	struct nft_expr e = nft_expr_begin(nlh, "bitwise");

	nft_put_be32(nlh, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_BITWISE_LEN, len);
	put_data(nlh, NFTA_BITWISE_MASK, mask, len);
	put_data(nlh, NFTA_BITWISE_XOR, flip, len);
	nft_expr_end(nlh, e);
}

void nft_shift_right(struct nlmsghdr *nlh, uint32_t bits)
{
	struct nft_expr e = nft_expr_begin(nlh, "bitwise");

	nft_put_be32(nlh, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_BITWISE_LEN, sizeof(uint32_t));
	nft_put_be32(nlh, NFTA_BITWISE_OP, NFT_BITWISE_RSHIFT);
	put_data(nlh, NFTA_BITWISE_DATA, &bits, sizeof(bits));
	nft_expr_end(nlh, e);
}

void nft_hton32(struct nlmsghdr *nlh)
{
	struct nft_expr e = nft_expr_begin(nlh, "byteorder");

	nft_put_be32(nlh, NFTA_BYTEORDER_SREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_BYTEORDER_DREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nft_put_be32(nlh, NFTA_BYTEORDER_LEN, sizeof(uint32_t));
	nft_put_be32(nlh, NFTA_BYTEORDER_SIZE, sizeof(uint32_t));
	nft_expr_end(nlh, e);
}

void nft_immediate(struct nlmsghdr *nlh, const void *data, size_t len)
{
	struct nft_expr e = nft_expr_begin(nlh, "immediate");

	nft_put_be32(nlh, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	put_data(nlh, NFTA_IMMEDIATE_DATA, data, len);
	nft_expr_end(nlh, e);
}

void nft_payload_write(struct nlmsghdr *nlh, uint32_t base, uint32_t offset,
		       uint32_t len, uint32_t csum, bool pseudo)
{
	struct nft_expr e = nft_expr_begin(nlh, "payload");

	nft_put_be32(nlh, NFTA_PAYLOAD_SREG, NFT_REG_1);
	nft_put_be32(nlh, NFTA_PAYLOAD_BASE, base);
	nft_put_be32(nlh, NFTA_PAYLOAD_OFFSET, offset);
	nft_put_be32(nlh, NFTA_PAYLOAD_LEN, len);
	nft_put_be32(nlh, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
	nft_put_be32(nlh, NFTA_PAYLOAD_CSUM_OFFSET, csum);
	if (pseudo)
		nft_put_be32(nlh, NFTA_PAYLOAD_CSUM_FLAGS,
			     NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
	nft_expr_end(nlh, e);
}

static void mark_write(struct nlmsghdr *nlh)
{
	struct nft_expr e = nft_expr_begin(nlh, "meta");

	nft_put_be32(nlh, NFTA_META_KEY, NFT_META_MARK);
	nft_put_be32(nlh, NFTA_META_SREG, NFT_REG_1);
	nft_expr_end(nlh, e);
}

void nft_mark_set(struct nlmsghdr *nlh, uint32_t mark)
{
	nft_immediate(nlh, &mark, sizeof(mark));
	mark_write(nlh);
}

void nft_mark_keep(struct nlmsghdr *nlh, uint32_t mask)
{
	static const uint32_t none;

	nft_meta(nlh, NFT_META_MARK);
	nft_bitwise(nlh, &mask, &none, sizeof(mask));
	mark_write(nlh);
}

void nft_counter(struct nlmsghdr *nlh)
{
	nft_expr_end(nlh, nft_expr_begin(nlh, "counter"));
}

void nft_verdict(struct nlmsghdr *nlh, uint32_t verdict)
{
	struct nft_expr e = nft_expr_begin(nlh, "immediate");
	struct nlattr *data, *nest;

	nft_put_be32(nlh, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = mnl_attr_nest_start(nlh, NFTA_IMMEDIATE_DATA);
	nest = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	nft_put_be32(nlh, NFTA_VERDICT_CODE, verdict);
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, data);
	nft_expr_end(nlh, e);
}

/* ---- the table */

void nft_table(struct nft_batch *b, uint8_t msg)
{
	struct nlmsghdr *nlh =
		request(b, msg, msg == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, b->table);
	done(b, nlh);
}

void nft_chain(struct nft_batch *b, const struct nft_base_chain *chain)
{
	struct nlmsghdr *nlh = request(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, b->table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain->name);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	nft_put_be32(nlh, NFTA_HOOK_HOOKNUM, chain->hook);
	nft_put_be32(nlh, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	mnl_attr_nest_end(nlh, hook);
	nft_put_be32(nlh, NFTA_CHAIN_POLICY, NF_ACCEPT);
	done(b, nlh);
}

static struct nlmsghdr *rule_message(struct nft_batch *b, const char *chain,
				     uint8_t msg, uint16_t flags)
{
	struct nlmsghdr *nlh = request(b, msg, flags);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, b->table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	return nlh;
}

struct nft_rule nft_rule_begin(struct nft_batch *b, const char *chain)
{
	struct nft_rule r;

	r.nlh = rule_message(b, chain, NFT_MSG_NEWRULE,
			     NLM_F_CREATE | NLM_F_APPEND);
	r.list = mnl_attr_nest_start(r.nlh, NFTA_RULE_EXPRESSIONS);
	return r;
}

/* As the nft tool writes a comment: type, length, text with its NUL. */
static void put_comment(struct nlmsghdr *nlh, const char *comment)
{
	uint8_t data[2 + NFT_COMMENT_MAX] = { NFT_COMMENT_TYPE };
	size_t len = strlen(comment) + 1;

	if (len > NFT_COMMENT_MAX)
		return;
	data[1] = (uint8_t)len;
	memcpy(data + 2, comment, len);
	mnl_attr_put(nlh, NFTA_RULE_USERDATA, 2 + len, data);
}

struct nft_rule nft_rule_begin_first(struct nft_batch *b, const char *chain,
				     const char *comment)
{
	struct nft_rule r;

	r.nlh = rule_message(b, chain, NFT_MSG_NEWRULE, NLM_F_CREATE);
	put_comment(r.nlh, comment);
	r.list = mnl_attr_nest_start(r.nlh, NFTA_RULE_EXPRESSIONS);
	return r;
}

void nft_rule_end(struct nft_batch *b, struct nft_rule r)
{
	mnl_attr_nest_end(r.nlh, r.list);
	done(b, r.nlh);
	b->rules++;
}

void nft_rule_del(struct nft_batch *b, const char *chain, uint64_t handle)
{
	struct nlmsghdr *nlh = rule_message(b, chain, NFT_MSG_DELRULE, 0);

	mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(handle));
	done(b, nlh);
}
