/* tc.c - see tc.h. Called by gate_attach.c and undo.c. Control thread only. */
#include "tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

/* Ours among the filters of a priority. */
#define TC_HANDLE 0x9077c115

static struct tcmsg *request(struct nlreq *req, uint16_t type, uint16_t flags,
			     uint32_t ifindex)
{
	struct tcmsg *tcm = nlreq_init(req, type, flags, sizeof(*tcm));

	tcm->tcm_family = AF_UNSPEC;
	tcm->tcm_ifindex = (int)ifindex;
	return tcm;
}

static uint32_t hook(bool egress)
{
	return TC_H_MAKE(TC_H_CLSACT,
			 egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
}

/* ---- the hook */

static void hook_init(struct nlreq *req, uint16_t type, uint16_t flags,
		      uint32_t ifindex)
{
	struct tcmsg *tcm = request(req, type, flags, ifindex);

	tcm->tcm_parent = TC_H_CLSACT;
	tcm->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	mnl_attr_put_strz(&req->hdr, TCA_KIND, "clsact");
}

int tc_clsact_has(struct nlsock *nl, uint32_t ifindex)
{
	struct nlreq req;
	int err;

	hook_init(&req, RTM_GETQDISC, 0, ifindex);
	err = nlsock_ask(nl, &req, NULL, NULL);
	/* Another kind in its place: -EINVAL. */
	if (err == -ENOENT || err == -EINVAL)
		return 0;
	return err ? err : 1;
}

int tc_clsact_add(struct nlsock *nl, uint32_t ifindex)
{
	struct nlreq req;

	hook_init(&req, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, ifindex);
	return nlsock_ask(nl, &req, NULL, NULL);
}

static int filter_each(const struct nlmsghdr *nlh, void *arg)
{
	unsigned *n = arg;

	if (nlh->nlmsg_type == RTM_NEWTFILTER)
		(*n)++;
	return 0;
}

/* How many filters there are, whoever's. */
static int filters_count(struct nlsock *nl, uint32_t ifindex, unsigned *n)
{
	struct tcmsg *tcm;
	struct nlreq req;
	int err = 0;

	*n = 0;
	for (unsigned egress = 0; egress < 2 && !err; egress++) {
		tcm = request(&req, RTM_GETTFILTER, NLM_F_DUMP, ifindex);
		tcm->tcm_parent = hook(egress);
		err = nlsock_ask(nl, &req, filter_each, n);
	}
	return err;
}

int tc_clsact_del(struct nlsock *nl, uint32_t ifindex)
{
	struct nlreq req;
	unsigned filters;
	int err = filters_count(nl, ifindex, &filters);

	if (err)
		return err;
	if (filters)
		return -ENOTEMPTY;
	hook_init(&req, RTM_DELQDISC, 0, ifindex);
	return nlsock_ask(nl, &req, NULL, NULL);
}

/* ---- programs in it */

static void filter_init(struct nlreq *req, uint16_t type, uint16_t flags,
			const struct tc_place *at)
{
	struct tcmsg *tcm = request(req, type, flags, at->ifindex);

	tcm->tcm_parent = hook(at->egress);
	tcm->tcm_handle = TC_HANDLE;
	tcm->tcm_info = TC_H_MAKE((uint32_t)at->prio << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(&req->hdr, TCA_KIND, "bpf");
}

int tc_program_set(struct nlsock *nl, const struct tc_place *at, int prog_fd,
		   const char *name)
{
	struct nlattr *options;
	struct nlreq req;

	filter_init(&req, RTM_NEWTFILTER, NLM_F_CREATE, at);
	options = mnl_attr_nest_start(&req.hdr, TCA_OPTIONS);
	mnl_attr_put_u32(&req.hdr, TCA_BPF_FD, (uint32_t)prog_fd);
	mnl_attr_put_strz(&req.hdr, TCA_BPF_NAME, name);
	mnl_attr_put_u32(&req.hdr, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(&req.hdr, options);
	return nlsock_ask(nl, &req, NULL, NULL);
}

int tc_program_del(struct nlsock *nl, const struct tc_place *at)
{
	struct nlreq req;
	int err;

	filter_init(&req, RTM_DELTFILTER, 0, at);
	err = nlsock_ask(nl, &req, NULL, NULL);
	/* Without the hook the kernel finds the parent class invalid. */
	return err == -EINVAL ? -ENOENT : err;
}

int tc_program_has(struct nlsock *nl, const struct tc_place *at)
{
	struct nlreq req;
	int err;

	filter_init(&req, RTM_GETTFILTER, 0, at);
	err = nlsock_ask(nl, &req, NULL, NULL);
	if (err == -ENOENT || err == -EINVAL || err == -ENODEV)
		return 0;
	return err ? err : 1;
}

int tc_programs_del(struct nlsock *nl, uint32_t ifindex, bool egress)
{
	struct tc_place at = { .ifindex = ifindex, .egress = egress };
	int err;

	for (at.prio = TC_PRIO_FIRST; at.prio <= TC_PRIO_LAST; at.prio++) {
		err = tc_program_del(nl, &at);
		if (err && err != -ENOENT)
			return err;
	}
	return 0;
}

int tc_clean(struct nlsock *nl, uint32_t ifindex, bool made)
{
	int err = tc_clsact_has(nl, ifindex);

	if (err <= 0)
		return err;
	err = tc_programs_del(nl, ifindex, false);
	if (!err)
		err = tc_programs_del(nl, ifindex, true);
	if (!err && made)
		err = tc_clsact_del(nl, ifindex);
	return err == -ENOTEMPTY ? 0 : err;
}
