/* port_nfq_open.c - binds to queues, and reads what the kernel counted there.
 * Called by port.c. Control thread, engine stopped; nfq_lost() at any time. */
#include "port_nfq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../../bpf/abi.h"

/* A queue whose owner was just killed is free when the kernel has closed its
 * files. */
#define HELD_TRIES 1000
#define HELD_NS	   1000000

#define COUNTERS "/proc/self/net/netfilter/nfnetlink_queue"

struct request {
	union {
		struct nlmsghdr head;
		char bytes[256];
	};
};

static int open_socket(struct nfq *q)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const int one = 1, bytes = NFQ_WAITING_BYTES / 2;

	q->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (q->fd < 0)
		return -errno;
	if (bind(q->fd, (const struct sockaddr *)&any, sizeof(any)))
		return -errno;
	/* The kernel doubles them. A burst's verdicts go in one message; what
	 * does not fit in the one direction is counted, see nfq_lost(), and
	 * need not be told by an error, which would have the kernel drop all
	 * until the queue is empty. */
	setsockopt(q->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(q->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(q->fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof(one));
	/* A complaint does not quote the packet. */
	setsockopt(q->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return 0;
}

static void put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	mnl_attr_put_u32(nlh, type, htonl(value));
}

/* Super-packets and unfinished checksums as they are; no bypass (F_FAIL_OPEN):
 * what cannot wait is dropped. */
static void put_config(const struct nfq *q, struct request *req)
{
	const struct nfqnl_msg_config_cmd cmd = { NFQNL_CFG_CMD_BIND, 0, 0 };
	const struct nfqnl_msg_config_params params = { htonl(q->range),
							NFQNL_COPY_PACKET };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req->bytes);
	struct nfgenmsg *nf = mnl_nlmsg_put_extra_header(nlh, sizeof(*nf));

	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nf->version = NFNETLINK_V0;
	nf->res_id = htons(q->queue);
	mnl_attr_put(nlh, NFQA_CFG_CMD, sizeof(cmd), &cmd);
	mnl_attr_put(nlh, NFQA_CFG_PARAMS, sizeof(params), &params);
	put_be32(nlh, NFQA_CFG_QUEUE_MAXLEN, NFQ_WAITING_MAX);
	put_be32(nlh, NFQA_CFG_FLAGS, NFQA_CFG_F_GSO);
	put_be32(nlh, NFQA_CFG_MASK, NFQA_CFG_F_MAX - 1);
}

/* The answer is there when send() returns; packets may be, too, behind it. */
static int ask(const struct nfq *q, const struct request *req)
{
	struct {
		struct nlmsghdr nl;
		struct nlmsgerr err;
	} answer = { 0 };

	if (send(q->fd, req, req->head.nlmsg_len, 0) < 0 ||
	    recv(q->fd, &answer, sizeof(answer), MSG_DONTWAIT) < 0)
		return -errno;
	return answer.nl.nlmsg_type == NLMSG_ERROR ? answer.err.error : -EPROTO;
}

/* The queue's line in the kernel's table. False: nobody has it. */
static bool read_counters(uint16_t queue, uint32_t *dropped,
			  uint32_t *user_dropped)
{
	FILE *f = fopen(COUNTERS, "re");
	char line[256];
	bool found = false;
	unsigned number;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%u %*u %*u %*u %*u %u %u", &number,
			       dropped, user_dropped) == 3 &&
			number == queue;
	if (f)
		fclose(f);
	return found;
}

static bool is_held(uint16_t queue)
{
	uint32_t dropped;

	return read_counters(queue, &dropped, &dropped);
}

/* EPERM: somebody else's, or not allowed to. */
static int bind_queue(const struct nfq *q)
{
	const struct timespec pause = { .tv_nsec = HELD_NS };
	struct request req;
	int rc = -EPERM;

	put_config(q, &req);
	for (unsigned i = 0; i < HELD_TRIES && rc == -EPERM; i++) {
		if (i)
			nanosleep(&pause, NULL);
		rc = ask(q, &req);
		if (rc == -EPERM && !is_held(q->queue))
			break;
	}
	if (rc == -EPERM && is_held(q->queue))
		rc = -EBUSY;
	return rc;
}

static int tell(const struct nfq *q, int rc, struct error *err)
{
	const char *name = q->info.ifname;

	switch (rc) {
	case -EPERM:
	case -EACCES:
		return error_set(err, rc,
				 "%s: not allowed to take packets from "
				 "nfqueue: run as root, or with CAP_NET_ADMIN",
				 name);
	case -EBUSY:
		return error_set(err, rc,
				 "%s: another program holds nfqueue %u: stop "
				 "that program",
				 name, q->queue);
	case -EPROTONOSUPPORT:
	case -EINVAL:
		return error_set(err, rc,
				 "%s: this kernel has no nfqueue: it needs "
				 "CONFIG_NETFILTER_NETLINK_QUEUE",
				 name);
	default:
		return error_set(err, rc, "%s: cannot bind to nfqueue %u: %s",
				 name, q->queue, strerror(-rc));
	}
}

static void point_messages(struct nfq *q)
{
	for (unsigned i = 0; i < PORT_BURST; i++) {
		q->into[i] =
			(struct iovec){ q->places + (size_t)i * q->place +
						NFQ_HEADROOM,
					q->place - NFQ_HEADROOM - NLA_ALIGNTO };
		q->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &q->from[i],
			.msg_namelen = sizeof(q->from[i]),
			.msg_iov = &q->into[i],
			.msg_iovlen = 1,
		};
	}
}

/* Where headers are enough, a packet's own length may lead beyond its place:
 * behind the last one, too, there is memory. */
static int map_places(struct nfq *q)
{
	q->places_size = (size_t)PORT_BURST * q->place + NFQ_PLACE;
	q->places = mmap(NULL, q->places_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q->places == MAP_FAILED) {
		q->places = NULL;
		return -ENOMEM;
	}
	point_messages(q);
	return 0;
}

static void describe(struct nfq *q, const struct engine_port *info,
		     unsigned which)
{
	bool headers = which == NFQ_FIRST && info->by_mark;

	q->fd = -1;
	q->info = *info;
	q->queue = (which == NFQ_FIRST ? GATE_QUEUE : GATE_QUEUE_WHOLE) +
		   info->slot;
	q->whole = headers ? GATE_QUEUE_WHOLE + info->slot : 0;
	q->range = headers ? NFQ_HEADERS : NFQ_PAYLOAD_MAX;
	q->place = headers ? NFQ_PLACE_HEADERS : NFQ_PLACE;
	q->frame = which * PORT_BURST;
}

int nfq_open(struct nfq **out, const struct engine_port *info, unsigned which,
	     struct error *err)
{
	struct nfq *q = calloc(1, sizeof(*q));
	int rc;

	if (!q)
		return error_set(err, -ENOMEM, "%s: out of memory",
				 info->ifname);
	describe(q, info, which);
	rc = map_places(q);
	if (!rc)
		rc = open_socket(q);
	if (!rc)
		rc = bind_queue(q);
	if (!rc) {
		*out = q;
		return 0;
	}
	tell(q, rc, err);
	nfq_close(q);
	return rc;
}

void nfq_close(struct nfq *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	if (q->places)
		munmap(q->places, q->places_size);
	free(q);
}

bool nfq_whole(const struct nfq *q)
{
	return !q->open_n && !q->out_n;
}

void nfq_lost(const struct nfq *q, uint64_t *rx, uint64_t *tx)
{
	uint32_t dropped = 0, user_dropped = 0;

	if (!q)
		return;
	if (read_counters(q->queue, &dropped, &user_dropped))
		*rx += (uint64_t)dropped + user_dropped;
	*tx += q->tx_lost;
}
