/* nlsock.c - asks the kernel over netlink and reads its answer to the end.
 *
 * Called by all of link/. Control thread only.
 * Invariant: between two requests nothing is left to read. */
#include "nlsock.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct answer {
	uint32_t seq;
	int (*each)(const struct nlmsghdr *nlh, void *arg);
	void *arg;
	int err;      /* the first that happened */
	bool changed; /* a dump is no picture of one moment */
	bool done;
};

int nlsock_open(struct nlsock *nl, int bus)
{
	int err;

	nl->seq = 0;
	nl->mnl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->mnl)
		return -errno;
	if (mnl_socket_bind(nl->mnl, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		nlsock_close(nl);
		return err;
	}
	return 0;
}

void nlsock_close(struct nlsock *nl)
{
	if (nl->mnl)
		mnl_socket_close(nl->mnl);
	nl->mnl = NULL;
}

void *nlreq_init(struct nlreq *req, uint16_t type, uint16_t flags,
		 size_t extra_len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req->bytes);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	if ((flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	return mnl_nlmsg_put_extra_header(nlh, extra_len);
}

static void answer_fail(struct answer *a, int err)
{
	if (err < 0 && !a->err)
		a->err = err;
}

/* NLMSG_ERROR, and NLMSG_DONE of a dump, carry the result. */
static int answer_code(const struct nlmsghdr *nlh)
{
	int code = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
	return code;
}

static void answer_take(struct answer *a, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != a->seq)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		a->changed = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
		answer_fail(a, answer_code(nlh));
		a->done = true;
		return;
	}
	if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && a->each && !a->err)
		answer_fail(a, a->each(nlh, a->arg));
}

int nlsock_ask(struct nlsock *nl, struct nlreq *req,
	       int (*each)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct answer a = { .seq = ++nl->seq, .each = each, .arg = arg };
	alignas(struct nlmsghdr) char buf[NLSOCK_BUF];
	const struct nlmsghdr *nlh;
	ssize_t n;
	int left;

	req->hdr.nlmsg_seq = a.seq;
	if (mnl_socket_sendto(nl->mnl, &req->hdr, req->hdr.nlmsg_len) < 0)
		return -errno;
	while (!a.done) {
		n = mnl_socket_recvfrom(nl->mnl, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		left = (int)n;
		for (nlh = (void *)buf; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left))
			answer_take(&a, nlh);
	}
	if (!a.err && a.changed)
		return -EINTR;
	return a.err;
}

struct attrs {
	const struct nlattr **tb;
	unsigned max;
};

static int attrs_each(const struct nlattr *attr, void *arg)
{
	struct attrs *t = arg;
	uint16_t type = mnl_attr_get_type(attr);

	if (type <= t->max)
		t->tb[type] = attr;
	return MNL_CB_OK;
}

void nl_attrs_payload(const void *attrs, size_t len, const struct nlattr **tb,
		      unsigned max)
{
	struct attrs t = { .tb = tb, .max = max };

	memset(tb, 0, (max + 1) * sizeof(*tb));
	mnl_attr_parse_payload(attrs, len, attrs_each, &t);
}

void nl_attrs(const struct nlmsghdr *nlh, size_t offset,
	      const struct nlattr **tb, unsigned max)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	offset = MNL_ALIGN(offset);
	nl_attrs_payload(mnl_nlmsg_get_payload_offset(nlh, offset),
			 len > offset ? len - offset : 0, tb, max);
}

void nl_attrs_nested(const struct nlattr *nest, const struct nlattr **tb,
		     unsigned max)
{
	if (nest)
		nl_attrs_payload(mnl_attr_get_payload(nest),
				 mnl_attr_get_payload_len(nest), tb, max);
	else
		nl_attrs_payload(NULL, 0, tb, max);
}

uint32_t nl_u32(const struct nlattr *a)
{
	if (!a || mnl_attr_get_payload_len(a) < sizeof(uint32_t))
		return 0;
	return mnl_attr_get_u32(a);
}
