/* ear.c - the sockets behind ear.h.
 *
 * Called by the gateway. Loop's thread. A filter in the kernel keeps all but
 * datagrams from port 5353 away from us. */
#include "ear.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/container_of.h"
#include "../proto/mdns.h"

#define BURST	   32	/* messages a turn of the loop: floods wait */
#define PACKET_MAX 9000 /* RFC 6762, 17 */
#define TTL	   255	/* RFC 6762, 11 */

struct ear {
	int v4, v6;  /* packet sockets; v6 -1: none */
	int asker;   /* sends, and hears nothing */
	int member6; /* is in the group; -1: none */
	unsigned open;
	uv_poll_t poll4, poll6;
	ear_listener *listener;
	void *arg;
};

/* UDP, whole, from port 5353. */
static const struct sock_filter only_v4[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MDNS_PORT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};
static const struct sock_filter only_v6[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 40),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MDNS_PORT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, PACKET_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};
static const struct sock_filter nothing[] = {
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* ---- sockets */

static int filter(int fd, const struct sock_filter *steps, size_t n)
{
	const struct sock_fprog program = {
		.len = (unsigned short)n,
		.filter = (struct sock_filter *)(uintptr_t)steps,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

/* The group's hardware address: the card lets it through. */
static void join_frames(int fd, uint32_t ifindex, const uint8_t mac[6])
{
	struct packet_mreq m = { .mr_ifindex = (int)ifindex,
				 .mr_type = PACKET_MR_MULTICAST,
				 .mr_alen = 6 };

	memcpy(m.mr_address, mac, 6);
	setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &m, sizeof(m));
}

static int open_ear(uint32_t ifindex, uint16_t protocol,
		    const struct sock_filter *steps, size_t n,
		    const uint8_t group[6])
{
	const struct sockaddr_ll ll = { .sll_family = AF_PACKET,
					.sll_protocol = htons(protocol),
					.sll_ifindex = (int)ifindex };
	int fd, yes = 1, err;

	/* Protocol 0: nothing comes before the filter stands. */
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!filter(fd, steps, n) &&
	    !setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes,
			sizeof(yes)) &&
	    !bind(fd, (const struct sockaddr *)&ll, sizeof(ll))) {
		join_frames(fd, ifindex, group);
		return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

static int open_asker(const char *ifname)
{
	int fd, err, ttl = TTL;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!filter(fd, nothing, 1) &&
	    !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname,
			(socklen_t)strlen(ifname) + 1) &&
	    !setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* A bridge that snoops brings the group's messages to members alone, us
 * included, once somebody on the LAN asks who they are (RFC 3810). */
static int open_member6(uint32_t ifindex)
{
	struct ipv6_mreq m = { .ipv6mr_interface = ifindex };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	inet_pton(AF_INET6, "ff02::fb", &m.ipv6mr_multiaddr);
	if (!filter(fd, nothing, 1) &&
	    !setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &m, sizeof(m)))
		return fd;
	close(fd);
	return -1;
}

/* ---- hearing */

static void hear(struct ear *e, const struct sockaddr_ll *from,
		 const uint8_t *packet, size_t len)
{
	char name[MDNS_NAME_SIZE];
	struct addr source;
	struct rd payload;
	struct mac mac;

	if (from->sll_halen != sizeof(mac) ||
	    !mdns_frame(packet, len, &source, &payload) ||
	    !mdns_read(payload.p, rd_left(&payload), &source, name))
		return;
	memcpy(mac.b, from->sll_addr, sizeof(mac.b));
	e->listener(e->arg, &mac, name);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct ear *e = poll->data;
	int fd = poll == &e->poll4 ? e->v4 : e->v6;
	struct sockaddr_ll from;
	static uint8_t packet[PACKET_MAX];
	socklen_t from_len;
	ssize_t n;
	int i;

	(void)events;
	for (i = 0; i < BURST; i++) {
		memset(&from, 0, sizeof(from));
		from_len = sizeof(from);
		n = recvfrom(fd, packet, sizeof(packet), 0,
			     (struct sockaddr *)&from, &from_len);
		if (n < 0)
			break;
		hear(e, &from, packet, (size_t)n);
	}
	/* libuv lets go of a socket that had an error; reading cleared it. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_poll);
}

void ear_ask(struct ear *e, const struct addr *addr)
{
	const struct sockaddr_in group = {
		.sin_family = AF_INET,
		.sin_port = htons(MDNS_PORT),
		.sin_addr = { htonl(MDNS_GROUP_V4) },
	};
	uint8_t msg[MDNS_QUERY_MAX];
	struct wr w = wr_init(msg, sizeof(msg));
	uint16_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return;
	mdns_ask(&w, id, addr);
	/* Lost is lost: it is asked again later. */
	(void)sendto(e->asker, msg, wr_len(&w), MSG_DONTWAIT,
		     (const struct sockaddr *)&group, sizeof(group));
}

/* ---- life */

static void close_fds(struct ear *e)
{
	const int fds[] = { e->v4, e->v6, e->asker, e->member6 };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(e);
}

static int attach(struct ear *e, uv_loop_t *loop, uv_poll_t *poll, int fd)
{
	int err = fd < 0 ? 0 : uv_poll_init(loop, poll, fd);

	if (fd < 0 || err)
		return err;
	poll->data = e;
	e->open++;
	return uv_poll_start(poll, UV_READABLE, on_poll);
}

int ear_open(struct ear **out, uv_loop_t *loop, const char *ifname,
	     uint32_t ifindex, ear_listener *listener, void *arg)
{
	static const uint8_t group4[] = { 0x01, 0, 0x5e, 0, 0, 0xfb };
	static const uint8_t group6[] = { 0x33, 0x33, 0, 0, 0, 0xfb };
	struct ear *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->listener = listener;
	e->arg = arg;
	e->v4 = open_ear(ifindex, ETH_P_IP, only_v4,
			 sizeof(only_v4) / sizeof(only_v4[0]), group4);
	e->v6 = open_ear(ifindex, ETH_P_IPV6, only_v6,
			 sizeof(only_v6) / sizeof(only_v6[0]), group6);
	e->asker = open_asker(ifname);
	e->member6 = open_member6(ifindex);
	err = e->v4 < 0 ? e->v4 : e->asker < 0 ? e->asker : 0;
	if (err) {
		close_fds(e);
		return err;
	}
	err = attach(e, loop, &e->poll4, e->v4);
	if (!err)
		err = attach(e, loop, &e->poll6, e->v6);
	if (err) {
		ear_close(e);
		return err;
	}
	*out = e;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct ear *e = handle->data;

	if (!--e->open)
		close_fds(e);
}

void ear_close(struct ear *e)
{
	if (!e)
		return;
	if (!e->open) {
		close_fds(e);
		return;
	}
	if (e->poll4.data)
		uv_close((uv_handle_t *)&e->poll4, on_closed);
	if (e->poll6.data)
		uv_close((uv_handle_t *)&e->poll6, on_closed);
}
