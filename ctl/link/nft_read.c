/* nft_read.c - see nft_read.h. Called by guard_rules.c and guard_foreign.c.
 * Control thread only. */
#include "nft_read.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

static void dump_init(struct nlreq *req, uint8_t msg, uint8_t family)
{
	struct nfgenmsg *nfg = nlreq_init(req, NFNL_SUBSYS_NFTABLES << 8 | msg,
					  NLM_F_DUMP, sizeof(*nfg));

	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
}

/* A socket for one question: what is asked is rare. */
static int ask(struct nlreq *req,
	       int (*each)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct nlsock nl;
	int err = nlsock_open(&nl, NETLINK_NETFILTER);

	if (err == -EPROTONOSUPPORT)
		return -EOPNOTSUPP;
	if (err)
		return err;
	err = nlsock_ask(&nl, req, each, arg);
	nlsock_close(&nl);
	return err;
}

static void text(char out[NFT_NAME_MAX], const struct nlattr *a)
{
	size_t n = a ? mnl_attr_get_payload_len(a) : 0;

	if (n >= NFT_NAME_MAX)
		n = NFT_NAME_MAX - 1;
	if (n)
		memcpy(out, mnl_attr_get_payload(a), n);
	out[n] = '\0';
}

static const struct nfgenmsg *header(const struct nlmsghdr *nlh)
{
	return mnl_nlmsg_get_payload(nlh);
}

/* ---- our own table */

static int count_each(const struct nlmsghdr *nlh, void *arg)
{
	unsigned *n = arg;

	(void)nlh;
	(*n)++;
	return 0;
}

static int table_exists(const char *table)
{
	struct nlreq req;
	struct nfgenmsg *nfg =
		nlreq_init(&req, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
			   0, sizeof(*nfg));

	nfg->nfgen_family = NFPROTO_INET;
	nfg->version = NFNETLINK_V0;
	mnl_attr_put_strz(&req.hdr, NFTA_TABLE_NAME, table);
	return ask(&req, NULL, NULL);
}

int nft_rules_count(const char *table, unsigned *n)
{
	int err = table_exists(table);
	struct nlreq req;

	*n = 0;
	if (err)
		return err;
	dump_init(&req, NFT_MSG_GETRULE, NFPROTO_INET);
	mnl_attr_put_strz(&req.hdr, NFTA_RULE_TABLE, table);
	err = ask(&req, count_each, n);
	/* It changed midway: somebody is at work, and it will be told. */
	return err == -EINTR ? 0 : err;
}

/* ---- chains */

struct chains {
	int (*each)(void *arg, const struct nft_hooked *c);
	void *arg;
};

static int chain_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_CHAIN_MAX + 1], *hook[NFTA_HOOK_MAX + 1];
	struct nft_hooked c = { .family = header(nlh)->nfgen_family };
	const struct chains *to = arg;

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_CHAIN_MAX);
	if (!tb[NFTA_CHAIN_HOOK] ||
	    (c.family != NFPROTO_IPV4 && c.family != NFPROTO_IPV6 &&
	     c.family != NFPROTO_INET))
		return 0;
	nl_attrs_nested(tb[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_MAX);
	c.hook = ntohl(nl_u32(hook[NFTA_HOOK_HOOKNUM]));
	text(c.table, tb[NFTA_CHAIN_TABLE]);
	text(c.chain, tb[NFTA_CHAIN_NAME]);
	c.filter = tb[NFTA_CHAIN_TYPE] &&
		   !strcmp(mnl_attr_get_str(tb[NFTA_CHAIN_TYPE]), "filter");
	c.drops = tb[NFTA_CHAIN_POLICY] &&
		  ntohl(nl_u32(tb[NFTA_CHAIN_POLICY])) == NF_DROP;
	return to->each(to->arg, &c);
}

int nft_hooked_each(int (*each)(void *arg, const struct nft_hooked *c),
		    void *arg)
{
	struct chains to = { .each = each, .arg = arg };
	struct nlreq req;

	dump_init(&req, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC);
	return ask(&req, chain_each, &to);
}

/* ---- rules */

struct search {
	const char *comment;
	uint64_t *handles;
	unsigned n, max, seen;
};

/* The user data that the nft tool shows as a comment. */
static bool has_comment(const struct nlattr *a, const char *comment)
{
	size_t len = strlen(comment) + 1;
	const uint8_t *data;

	if (!a || mnl_attr_get_payload_len(a) < 2 + len)
		return false;
	data = mnl_attr_get_payload(a);
	return data[0] == NFT_COMMENT_TYPE && data[1] == len &&
	       !memcmp(data + 2, comment, len);
}

static int rule_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_RULE_MAX + 1];
	struct search *s = arg;

	nl_attrs(nlh, sizeof(struct nfgenmsg), tb, NFTA_RULE_MAX);
	s->seen++;
	if (!tb[NFTA_RULE_HANDLE] ||
	    !has_comment(tb[NFTA_RULE_USERDATA], s->comment) || s->n == s->max)
		return 0;
	s->handles[s->n++] = be64toh(mnl_attr_get_u64(tb[NFTA_RULE_HANDLE]));
	return 0;
}

int nft_rules_find(const struct nft_hooked *c, const char *comment,
		   uint64_t *handles, unsigned max, unsigned *all)
{
	struct search s = { .comment = comment,
			    .handles = handles,
			    .max = max };
	struct nlreq req;
	int err;

	dump_init(&req, NFT_MSG_GETRULE, c->family);
	mnl_attr_put_strz(&req.hdr, NFTA_RULE_TABLE, c->table);
	mnl_attr_put_strz(&req.hdr, NFTA_RULE_CHAIN, c->chain);
	err = ask(&req, rule_each, &s);
	*all = s.seen;
	return err ? err : (int)s.n;
}
