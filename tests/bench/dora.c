/* dora.c - the bench's DHCP clients behind one relay.
 *
 *   dora OWN SERVER RATE CLIENTS SECONDS
 *
 * Begins RATE exchanges of four messages a second, of CLIENTS hardware
 * addresses in turn, asks for what perfdhcp asks for, and takes what is
 * offered; what perfdhcp pays for a message is several times as much. Prints
 * how many were begun, offered and completed. Ends by itself, a second after
 * the last was begun. For namespaces only. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ctl/proto/dhcp_msg.h"

#define BATCH	 64
#define ROOM	 1500
#define SOCKET	 (8 << 20)
#define DRAIN_NS 1000000000ull
#define SECOND	 1000000000ull

struct batch {
	unsigned n;
	uint8_t room[BATCH][ROOM];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
};

static int sock;
static __be32 own, server;
static uint32_t clients;
static uint32_t begun, offered, done;
static struct batch out, in;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "dora: %s: %s\n", what, strerror(errno));
	return 1;
}

static void prepare(struct batch *b)
{
	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i].iov_base = b->room[i];
		b->iov[i].iov_len = ROOM;
		b->msgs[i].msg_hdr.msg_iov = &b->iov[i];
		b->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

/* What finds no room in the socket waits: the kernel's queue is the cable's. */
static void flush(struct batch *b)
{
	struct pollfd wait = { .fd = sock, .events = POLLOUT };
	unsigned at = 0;
	int n;

	while (at < b->n) {
		n = sendmmsg(sock, b->msgs + at, b->n - at, 0);
		if (n > 0)
			at += (unsigned)n;
		else
			poll(&wait, 1, 10);
	}
	b->n = 0;
}

/* 'offer' NULL: a first message. */
static void say(uint32_t xid, const struct dhcp_msg *offer)
{
	static const uint8_t wishes[] = { 1, 28, 2, 3, 15, 6, 12 };
	struct dhcp_msg m = { .op = DHCP_OP_REQUEST,
			      .htype = DHCP_ETHERNET,
			      .hlen = 6,
			      .hops = 1,
			      .xid = xid,
			      .giaddr = own };
	uint32_t client = htonl(xid % clients);
	struct wr w = wr_init(out.room[out.n], ROOM);

	m.chaddr[1] = 0x0c;
	memcpy(m.chaddr + 2, &client, sizeof(client));
	dhcp_msg_write_head(&w, &m);
	dhcp_msg_write_u8(&w, DHCP_OPT_TYPE,
			  offer ? DHCP_REQUEST : DHCP_DISCOVER);
	if (offer) {
		dhcp_msg_write_addr(&w, DHCP_OPT_SERVER_ID,
				    dhcp_msg_addr(offer, DHCP_OPT_SERVER_ID));
		dhcp_msg_write_addr(&w, DHCP_OPT_REQUESTED, offer->yiaddr);
	}
	dhcp_msg_write_option(&w, DHCP_OPT_PARAMETERS, wishes, sizeof(wishes));
	dhcp_msg_write_end(&w);
	out.iov[out.n++].iov_len = wr_len(&w);
	if (out.n == BATCH)
		flush(&out);
}

static void hear(const uint8_t *data, size_t len)
{
	struct dhcp_msg m;

	if (dhcp_msg_parse(&m, data, len) || m.op != DHCP_OP_REPLY ||
	    m.xid >= begun)
		return;
	if (m.type == DHCP_OFFER) {
		offered++;
		say(m.xid, &m);
	}
	done += m.type == DHCP_ACK;
}

static void listen_all(void)
{
	int n;

	do {
		n = recvmmsg(sock, in.msgs, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			hear(in.room[i], in.msgs[i].msg_len);
	} while (n == BATCH);
	flush(&out);
}

static void run(uint32_t rate, uint32_t seconds)
{
	uint64_t start_ns = now_ns(), ns = 0, end_ns = seconds * SECOND;
	struct timespec nap = { .tv_nsec = 200000 };
	struct pollfd wait = { .fd = sock, .events = POLLIN };

	while (ns < end_ns + DRAIN_NS && (ns < end_ns || done < begun)) {
		uint64_t until_ns = ns < end_ns ? ns : end_ns;
		uint32_t due = (uint32_t)(until_ns * rate / SECOND);

		while (begun < due)
			say(begun++, NULL);
		flush(&out);
		if (ppoll(&wait, 1, &nap, NULL) > 0)
			listen_all();
		ns = now_ns() - start_ns;
	}
}

static int open_socket(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(DHCP_SERVER_PORT),
				 .sin_addr.s_addr = own };
	int bytes = SOCKET;

	sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
		       sizeof(bytes)) ||
	    bind(sock, (struct sockaddr *)&a, sizeof(a)))
		return -errno;
	a.sin_addr.s_addr = server;
	return connect(sock, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
}

int main(int argc, char **argv)
{
	uint32_t rate, seconds;

	if (argc != 6 || inet_pton(AF_INET, argv[1], &own) != 1 ||
	    inet_pton(AF_INET, argv[2], &server) != 1)
		return fail("usage: dora OWN SERVER RATE CLIENTS SECONDS");
	rate = (uint32_t)atoi(argv[3]);
	clients = (uint32_t)atoi(argv[4]);
	seconds = (uint32_t)atoi(argv[5]);
	if (!rate || !clients || seconds < 1 || seconds > 60)
		return fail("a number");
	if (open_socket())
		return fail("socket");
	prepare(&out);
	prepare(&in);
	run(rate, seconds);
	printf("%u %u %u\n", begun, offered, done);
	return 0;
}
