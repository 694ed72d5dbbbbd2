/* port_nfq.h - the carrier nfqueue: IP packets that the kernel holds at
 * prerouting until the engine has said what becomes of each.
 *
 * A port has one queue, GATE_QUEUE + slot, and a second if it goes by marks: of
 * long packets the first then holds the headers only, and the kernel writes an
 * address and a port as the verdict's mark says; payloads stay where they are.
 * What must be seen whole is sent on to the second. A packet is read with its
 * headers' surroundings into a place of its own; its verdict is written in
 * front of it, where the message stood, so that a payload is never copied here.
 * In front of the IP header an Ethernet header is made up, with the sender's
 * address: what parses, answers and counts needs not know the carrier.
 *
 * Opened and closed by the control thread while the engine is stopped; the
 * rest is the engine thread's, but for what is marked. */
#ifndef ENGINE_PORT_NFQ_H
#define ENGINE_PORT_NFQ_H

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "port.h"

/* The kernel's waiting packets. More would wait for longer than a full ring
 * does; the socket's buffer bounds their bytes. */
#define NFQ_WAITING_MAX	  2048
#define NFQ_WAITING_BYTES (8 << 20)

/* An attribute's length is 16 bits: no packet comes or goes that is longer. One
 * that is has this length to parse(), which refuses it. */
#define NFQ_PAYLOAD_MAX (0xffff - NLA_HDRLEN)
#define NFQ_TOO_LONG	0x10000

#define NFQ_HEADERS PKT_PARTIAL

/* A packet's place: room in front for an ICMP error, the message's own headers,
 * the longest payload. An odd number of cache lines, so that packets' headers
 * do not all fall into the same ones. */
#define NFQ_HEADROOM	  128
#define NFQ_MESSAGE	  256
#define NFQ_PLACE	  (1033 * 64)
#define NFQ_PLACE_HEADERS (17 * 64)

/* The whole message of a verdict but for the payload's bytes. */
struct nfq_verdict {
	struct nlmsghdr nl;
	struct nfgenmsg nf;
	struct nlattr verdict_attr;
	struct nfqnl_msg_verdict_hdr verdict;
	struct nlattr mark_attr;
	__be32 mark;
	struct nlattr payload; /* not there without one */
};

_Static_assert(sizeof(struct nfq_verdict) == 44, "as on the wire");
_Static_assert(NFQ_PLACE >= NFQ_HEADROOM + NFQ_MESSAGE + NFQ_PAYLOAD_MAX + 4,
	       "any message fits");
_Static_assert(NFQ_PLACE_HEADERS >=
		       NFQ_HEADROOM + NFQ_MESSAGE + NFQ_HEADERS + 4,
	       "any message fits");

enum { NFQ_FIRST, NFQ_SECOND };

struct nfq {
	/* immutable while open */
	int fd;
	uint16_t queue;
	uint16_t whole; /* the queue of what must be seen whole, if any */
	struct engine_port info;
	uint32_t range;	    /* bytes of a packet that are copied, at most */
	uint32_t place;	    /* bytes of a place */
	uint32_t frame;	    /* pkt.frame of the first place */
	uint8_t *places;    /* PORT_BURST */
	size_t places_size; /* of the mapping */
	struct mmsghdr msgs[PORT_BURST];
	struct iovec into[PORT_BURST];
	struct sockaddr_nl from[PORT_BURST];

	/* engine thread: the burst at hand */
	uint32_t ids[PORT_BURST];
	unsigned open_n; /* without a verdict yet */
	/* Verdicts not sent yet, in the order of their packets. */
	struct iovec out[PORT_BURST];
	uint32_t out_ids[PORT_BURST];
	unsigned out_n;
	struct nfq_verdict plain[PORT_BURST]; /* those without a payload */
	unsigned plain_n;
	struct nfq_verdict *last; /* the latest, if it is plain */
	bool stuck;		  /* the kernel still has packets up to … */
	uint32_t stuck_id;

	/* engine writes, control reads */
	_Atomic uint64_t tx_lost; /* verdicts that the kernel did not take */
};

/* ---- control thread, engine stopped (port_nfq_open.c) */

/* The port's first queue, or its second. 0 or -errno and a sentence. */
int nfq_open(struct nfq **out, const struct engine_port *info, unsigned which,
	     struct error *err);
/* Packets that wait are dropped. NULL: nothing. */
void nfq_close(struct nfq *q);
/* Has every packet got its verdict? */
bool nfq_whole(const struct nfq *q);
/* Control thread, at any time: what the kernel could not queue and what it did
 * not take back is added. */
void nfq_lost(const struct nfq *q, uint64_t *rx, uint64_t *tx);

static inline int nfq_fd(const struct nfq *q)
{
	return q->fd;
}

/* ---- engine thread (port_nfq.c); see their namesakes in port.h */

/* 'port' is the index to give them. */
unsigned nfq_recv(struct nfq *q, uint8_t port, struct pkt *burst);
void nfq_accept(struct nfq *q, struct pkt *p, uint32_t mark);
void nfq_see_whole(struct nfq *q, struct pkt *p);
void nfq_pass(struct nfq *q, struct pkt *p);
void nfq_drop(struct nfq *q, struct pkt *p);
bool nfq_flush(struct nfq *q);
/* Neither a packet to be received nor a verdict to be sent. */
bool nfq_drained(const struct nfq *q);

#endif
