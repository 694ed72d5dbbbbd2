/* port_nfq.c - the data path of nfqueue: messages in, verdicts out.
 * Called by port.c. Engine thread.
 * Invariant: verdicts are sent in the order of their packets, and all of a
 * burst's before the next is received, so that places are free again. */
#include "port_nfq.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <string.h>

#include "../../../bpf/abi.h"
#include "../../base/bytes.h"
#include "../packet/csum.h"

#define PLAIN_LEN offsetof(struct nfq_verdict, payload)
#define IPV6_NEXT 6 /* offset in the header */

/* What a message says of its packet. */
struct message {
	bool whole; /* identified, and all of it is here */
	uint32_t id;
	uint32_t info; /* NFQA_SKB_* */
	struct mac from;
	uint8_t *payload;
	uint32_t len;	  /* of what is here */
	uint32_t cap_len; /* of the packet, if that is longer */
};

/* ---- receive */

static void read_attr(struct message *m, uint16_t type, struct rd r,
		      uint8_t *at)
{
	switch (type) {
	case NFQA_PACKET_HDR:
		m->id = rd_be32(&r);
		m->whole = !r.bad;
		break;
	case NFQA_SKB_INFO:
		m->info = rd_be32(&r);
		break;
	case NFQA_HWADDR:
		if (rd_be16(&r) != sizeof(m->from))
			break;
		rd_skip(&r, sizeof(uint16_t));
		rd_bytes(&r, &m->from, sizeof(m->from));
		break;
	case NFQA_CAP_LEN:
		m->cap_len = rd_be32(&r);
		break;
	case NFQA_PAYLOAD:
		m->payload = at;
		m->len = (uint32_t)rd_left(&r);
		break;
	}
}

/* False: it is no packet (the kernel's complaint about a verdict that came too
 * late), or not from the kernel. */
static bool read_message(uint8_t *at, uint32_t len, struct message *m)
{
	struct rd r = rd_init(at, len);
	struct nlmsghdr nl;
	struct nlattr a;

	*m = (struct message){ 0 };
	rd_bytes(&r, &nl, sizeof(nl));
	rd_skip(&r, sizeof(struct nfgenmsg));
	if (r.bad ||
	    nl.nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return false;
	while (rd_left(&r) >= NLA_HDRLEN) {
		uint8_t *data = at + (r.p - at) + NLA_HDRLEN;

		rd_bytes(&r, &a, sizeof(a));
		if (a.nla_len < NLA_HDRLEN)
			break;
		read_attr(m, a.nla_type & NLA_TYPE_MASK,
			  rd_sub(&r, a.nla_len - NLA_HDRLEN), data);
		rd_skip(&r, -a.nla_len & (NLA_ALIGNTO - 1u));
	}
	return m->whole;
}

/* As the wire had it, as far as anybody asks. */
static void write_ethernet(const struct message *m, uint8_t *at)
{
	struct wr w = wr_init(at, ETH_HLEN);
	bool ipv6 = m->len && m->payload[0] >> 4 == 6;

	wr_zero(&w, ETH_ALEN);
	wr_bytes(&w, &m->from, sizeof(m->from));
	wr_be16(&w, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
}

/* Behind IPv6's fixed header there may be others, as many as a sender likes:
 * what parses must not go by those that are not here. */
static bool headers_are_here(const struct message *m)
{
	const uint8_t *ip = m->payload;

	return ip[0] >> 4 == 4 || ip[IPV6_NEXT] == IPPROTO_TCP ||
	       ip[IPV6_NEXT] == IPPROTO_UDP;
}

/* The packet's length, for parse(). */
static uint32_t length_of(const struct nfq *q, const struct message *m)
{
	if (!m->cap_len)
		return m->len;
	return q->whole ? m->cap_len : NFQ_TOO_LONG;
}

static void take(struct nfq *q, unsigned place, uint8_t port,
		 const struct message *m, struct pkt *p)
{
	uint8_t *end = q->places + (place + 1u) * q->place;

	*p = (struct pkt){
		.port = port,
		.side = q->info.wan ? SIDE_WAN : SIDE_LAN,
		.lan = q->info.lan,
		.frame = q->frame + place,
		.routed = true,
		.gso = m->info & NFQA_SKB_GSO,
		.partial = m->payload && m->cap_len && q->whole,
		.csum_open = m->info & NFQA_SKB_CSUMNOTREADY,
	};
	q->ids[place] = m->id;
	q->open_n++;
	if (!m->payload) /* an empty packet: parse() refuses it */
		return;
	p->data = m->payload - ETH_HLEN;
	p->len = length_of(q, m) + ETH_HLEN;
	p->room = (uint32_t)(end - p->data);
	write_ethernet(m, p->data);
}

unsigned nfq_recv(struct nfq *q, uint8_t port, struct pkt *burst)
{
	unsigned n = 0;
	int got;

	nfq_flush(q);
	got = recvmmsg(q->fd, q->msgs, PORT_BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++) {
		struct message m;

		if (q->from[i].nl_pid ||
		    !read_message(q->into[i].iov_base, q->msgs[i].msg_len, &m))
			continue;
		take(q, (unsigned)i, port, &m, &burst[n]);
		if (burst[n].partial && !headers_are_here(&m))
			nfq_see_whole(q, &burst[n]);
		else
			n++;
	}
	return n;
}

/* ---- verdicts */

static struct nfq_verdict verdict_of(const struct nfq *q, uint32_t id,
				     uint32_t verdict, uint32_t mark)
{
	return (struct nfq_verdict){
		.nl = { .nlmsg_len = PLAIN_LEN,
			.nlmsg_type =
				NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT,
			.nlmsg_flags = NLM_F_REQUEST },
		.nf = { .nfgen_family = AF_UNSPEC,
			.version = NFNETLINK_V0,
			.res_id = htons(q->queue) },
		.verdict_attr = { NLA_HDRLEN +
					  sizeof(struct nfqnl_msg_verdict_hdr),
				  NFQA_VERDICT_HDR },
		.verdict = { htonl(verdict), htonl(id) },
		.mark_attr = { NLA_HDRLEN + sizeof(__be32), NFQA_MARK },
		.mark = htonl(mark),
	};
}

static void queue_out(struct nfq *q, uint32_t id, void *message, size_t len)
{
	q->out[q->out_n] = (struct iovec){ message, len };
	q->out_ids[q->out_n++] = id;
	q->open_n--;
}

/* Like the one before it: that one is made to be about both. A batch is about
 * all packets up to its own, of which those before have had theirs. */
static bool join(struct nfq *q, const struct nfq_verdict *v)
{
	if (!q->last || q->last->verdict.verdict != v->verdict.verdict ||
	    q->last->mark != v->mark)
		return false;
	q->last->nl.nlmsg_type =
		NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH;
	q->last->verdict.id = v->verdict.id;
	q->out_ids[q->out_n - 1] = ntohl(v->verdict.id);
	q->open_n--;
	return true;
}

static void settle(struct nfq *q, struct pkt *p, uint32_t verdict,
		   uint32_t mark)
{
	uint32_t id = q->ids[p->frame - q->frame];
	struct nfq_verdict v = verdict_of(q, id, verdict, mark);

	p->frame = PKT_NO_FRAME;
	if (join(q, &v))
		return;
	q->last = &q->plain[q->plain_n++];
	*q->last = v;
	queue_out(q, id, q->last, PLAIN_LEN);
}

void nfq_pass(struct nfq *q, struct pkt *p)
{
	settle(q, p, NF_ACCEPT, GATE_MARK_DONE);
}

void nfq_drop(struct nfq *q, struct pkt *p)
{
	settle(q, p, NF_DROP, 0);
}

/* The kernel believes that the sum of a packet which it gets back is whole.
 * What takes UDP apart, though, wants to find the pseudo-header's, as the
 * sender left it. */
static void finish_checksum(struct pkt *p)
{
	if (p->csum_open && !(p->gso && p->proto == IPPROTO_UDP))
		csum_close(p->data + p->l4, p->proto,
			   p->l3_len - (uint32_t)(p->l4 - p->l3));
}

/* The mark stays the classifier's: it comes again. Settled before packets in
 * front of it are, it must not be joined with another: the kernel would take
 * the verdict for theirs, too. */
void nfq_see_whole(struct nfq *q, struct pkt *p)
{
	q->last = NULL;
	settle(q, p, NF_QUEUE_NR(q->whole), GATE_MARK_ENGINE | q->info.slot);
	q->last = NULL;
}

void nfq_accept(struct nfq *q, struct pkt *p, uint32_t mark)
{
	uint32_t id = q->ids[p->frame - q->frame], len = p->l3_len;
	struct nfq_verdict v = verdict_of(q, id, NF_ACCEPT, mark);
	uint8_t *ip = p->data + p->l3;

	if (p->partial) {
		settle(q, p, NF_ACCEPT, mark);
		return;
	}
	if (len > NFQ_PAYLOAD_MAX) {
		nfq_drop(q, p);
		return;
	}
	finish_checksum(p);
	v.payload =
		(struct nlattr){ (uint16_t)(NLA_HDRLEN + len), NFQA_PAYLOAD };
	v.nl.nlmsg_len = (uint32_t)(sizeof(v) + len);
	memcpy(ip - sizeof(v), &v, sizeof(v));
	memset(ip + len, 0, NLA_ALIGNTO);
	p->frame = PKT_NO_FRAME;
	q->last = NULL;
	queue_out(q, id, ip - sizeof(v), NLA_ALIGN(sizeof(v) + len));
}

/* ---- send */

static bool send_out(struct nfq *q, unsigned first, unsigned n)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = { .msg_name = &kernel,
			      .msg_namelen = sizeof(kernel),
			      .msg_iov = &q->out[first],
			      .msg_iovlen = n };

	return sendmsg(q->fd, &msg, MSG_DONTWAIT) >= 0;
}

/* The kernel has no memory for what a packet became: it shall forget the
 * packet, and those before it that it could not be told about. */
static void give_up(struct nfq *q, uint32_t id)
{
	struct nfq_verdict v = verdict_of(q, id, NF_DROP, 0);

	v.nl.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT_BATCH;
	q->stuck = send(q->fd, &v, PLAIN_LEN, MSG_DONTWAIT) < 0;
	q->stuck_id = id;
}

/* A message goes in one piece of the kernel's memory: not too many at once. */
#define SEND_BYTES (64 * 1024)

static unsigned portion(const struct nfq *q, unsigned first)
{
	size_t bytes = q->out[first].iov_len;
	unsigned n = 1;

	while (first + n < q->out_n &&
	       bytes + q->out[first + n].iov_len <= SEND_BYTES)
		bytes += q->out[first + n++].iov_len;
	return n;
}

static void send_singly(struct nfq *q, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		if (send_out(q, i, 1))
			continue;
		give_up(q, q->out_ids[i]);
		atomic_fetch_add_explicit(&q->tx_lost, 1, memory_order_relaxed);
	}
}

bool nfq_flush(struct nfq *q)
{
	unsigned n;

	if (q->stuck)
		give_up(q, q->stuck_id);
	for (unsigned i = 0; i < q->out_n; i += n) {
		n = portion(q, i);
		if (!send_out(q, i, n))
			send_singly(q, i, n);
	}
	q->out_n = 0;
	q->plain_n = 0;
	q->last = NULL;
	return q->stuck;
}

bool nfq_drained(const struct nfq *q)
{
	struct pollfd fd = { .fd = q->fd, .events = POLLIN };

	return !q->out_n && !q->stuck && !poll(&fd, 1, 0);
}
