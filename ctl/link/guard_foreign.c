/* guard_foreign.c - other people's firewalls, which may drop what is forwarded.
 *
 * Docker, ufw and fw4 set a policy of drop there. What the engine has let go
 * must pass, and nothing else: a rule of ours, known by its comment, comes
 * first in their chain and accepts our mark. Theirs is never changed. Called by
 * gateway/kernel.c, and by undo.c to delete. Control thread only. */
#include "guard.h"
#include "guard_priv.h"
#include "nft_read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/log.h"
#include "bpf/abi.h"

#define OURS_MAX 8

static const char *const families[] = {
	[NFPROTO_INET] = "inet", [NFPROTO_IPV4] = "ip", [NFPROTO_IPV6] = "ip6"
};

struct visit {
	struct journal *j;
	const char *instance;
	char comment[NFT_COMMENT_MAX];
	bool tell_input; /* a firewall that keeps the LAN out was not told yet
			  */
};

static void comment_make(char out[NFT_COMMENT_MAX], const char *instance)
{
	snprintf(out, NFT_COMMENT_MAX, "portcullis %s", instance);
}

static int rule_add(const struct nft_hooked *c, const char *comment)
{
	struct nft_batch b;
	struct nft_rule r;

	nft_begin(&b, c->table);
	b.family = c->family;
	r = nft_rule_begin_first(&b, c->chain, comment);
	nft_match_mark(r.nlh, GATE_MARK_MASK, GATE_MARK_DONE);
	nft_counter(r.nlh);
	nft_verdict(r.nlh, NF_ACCEPT);
	nft_rule_end(&b, r);
	return nft_send(&b);
}

/* A chain without rules that lets all pass needs none of ours. */
static int chain_pass(const struct visit *v, const struct nft_hooked *c)
{
	uint64_t handles[OURS_MAX];
	unsigned all;
	int n = nft_rules_find(c, v->comment, handles, OURS_MAX, &all);

	if (n < 0)
		return n;
	if (n) {
		journal_keep(v->j, "nft-pass %s %s %s", families[c->family],
			     c->table, c->chain);
		return 0;
	}
	if (!all && !c->drops)
		return 0;
	n = journal_add(v->j, "nft-pass %s %s %s %s", families[c->family],
			c->table, c->chain, v->instance);
	if (!n)
		n = rule_add(c, v->comment);
	if (!n)
		log_info("guard: a rule of ours in table %s %s, chain %s, lets "
			 "pass what the engine has let go",
			 families[c->family], c->table, c->chain);
	return n;
}

static int hooked_visit(void *arg, const struct nft_hooked *c)
{
	struct visit *v = arg;
	int err;

	if (!c->filter ||
	    (c->family == NFPROTO_INET && !strcmp(c->table, v->instance)))
		return 0;
	if (c->hook == NF_INET_LOCAL_IN && c->drops && v->tell_input) {
		log_warn("guard: table %s %s, chain %s, drops what comes in: "
			 "let DHCP (UDP 67), DNS (53) and the page (TCP 80) in "
			 "from the LAN",
			 families[c->family], c->table, c->chain);
		v->tell_input = false;
	}
	if (c->hook != NF_INET_FORWARD)
		return 0;
	err = chain_pass(v, c);
	if (err)
		log_warn("guard: table %s %s, chain %s, may drop what is "
			 "forwarded, and takes no rule of ours: %s: let pass "
			 "what has the mark 0x%x/0x%x",
			 families[c->family], c->table, c->chain,
			 strerror(-err), GATE_MARK_DONE, GATE_MARK_MASK);
	return 0;
}

/* Does the old iptables have a filter table? Its rules cannot be seen by
 * netlink. */
static bool is_legacy(const char *path)
{
	char line[64];
	bool found = false;
	FILE *names = fopen(path, "re");

	if (!names)
		return false;
	while (!found && fgets(line, sizeof(line), names))
		found = !strcmp(line, "filter\n");
	fclose(names);
	return found;
}

static void tell_legacy(void)
{
	static bool told;

	if (told || !(is_legacy("/proc/net/ip_tables_names") ||
		      is_legacy("/proc/net/ip6_tables_names")))
		return;
	told = true;
	log_warn("guard: there are rules of the legacy iptables, which we "
		 "cannot see: if they drop what is forwarded, let pass what "
		 "has our mark: iptables-legacy -I FORWARD -m mark --mark "
		 "0x%x/0x%x -j ACCEPT, and the same with ip6tables-legacy",
		 GATE_MARK_DONE, GATE_MARK_MASK);
}

void guard_foreign_pass(struct journal *j, const char *instance)
{
	static bool told;
	struct visit v = { .j = j, .instance = instance, .tell_input = !told };
	int err;

	comment_make(v.comment, instance);
	err = nft_hooked_each(hooked_visit, &v);
	told = !v.tell_input;
	if (err && err != -EINTR && err != -EOPNOTSUPP)
		log_warn("guard: other tables of nftables cannot be read: %s",
			 strerror(-err));
	tell_legacy();
}

/* ---- and away again */

static int family_of(const char *name)
{
	for (unsigned i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (families[i] && !strcmp(families[i], name))
			return (int)i;
	return -EINVAL;
}

int guard_foreign_del(const char *family, const char *table, const char *chain,
		      const char *instance)
{
	struct nft_hooked c = { .family = 0 };
	char comment[NFT_COMMENT_MAX];
	uint64_t handles[OURS_MAX];
	int n = family_of(family);
	struct nft_batch b;
	unsigned all;

	if (n < 0)
		return n;
	c.family = (uint8_t)n;
	snprintf(c.table, sizeof(c.table), "%s", table);
	snprintf(c.chain, sizeof(c.chain), "%s", chain);
	comment_make(comment, instance);
	n = nft_rules_find(&c, comment, handles, OURS_MAX, &all);
	if (n <= 0)
		return n;
	nft_begin(&b, c.table);
	b.family = c.family;
	for (int i = 0; i < n; i++)
		nft_rule_del(&b, c.chain, handles[i]);
	return nft_send(&b);
}
