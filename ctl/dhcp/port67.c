/* port67.c - the sockets of the DHCP server and of its probe for others.
 *
 * Called by dhcp.c and rival.c. Loop's thread. The interface may be a bridge:
 * what leaves through its packet socket goes by its forwarding table. */
#include "port67.h"
#include "../base/container_of.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct port67 {
	int udp, packet;
	uint32_t ifindex;
	bool attached;
	uv_poll_t poll;
	void (*on_ready)(void *arg);
	void *arg;
};

/* A network that comes back after a power cut asks all at once. */
#define RECEIVE_BYTES (4 << 20)

static const struct mac everyone = { .b = { 0xff, 0xff, 0xff, 0xff, 0xff,
					    0xff } };

/* No SO_REUSEADDR: with it, another server on the port would go unnoticed. */
static int open_udp(const char *ifname)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
					 .sin_port = htons(DHCP_SERVER_PORT) };
	int fd, err, room = RECEIVE_BYTES;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname,
			(socklen_t)strlen(ifname) + 1) &&
	    !bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Protocol 0: it sends, and hears nothing. */
static int open_packet(void)
{
	int fd =
		socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int port67_open(struct port67 **out, const char *ifname, uint32_t ifindex,
		struct error *err)
{
	struct port67 *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return error_set(err, -ENOMEM, "dhcp: out of memory");
	p->ifindex = ifindex;
	p->udp = open_udp(ifname);
	p->packet = open_packet();
	r = p->udp < 0 ? p->udp : p->packet;
	if (r >= 0) {
		*out = p;
		return 0;
	}
	port67_close(p);
	if (r == -EADDRINUSE)
		return error_set(err, r, "UDP port 67 on %s is in use", ifname);
	return error_set(err, r, "cannot listen on UDP port 67 of %s: %s",
			 ifname, strerror(-r));
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct port67 *p = container_of(poll, struct port67, poll);

	(void)events;
	p->on_ready(p->arg);
	/* libuv lets go of a socket that had an error; reading cleared it. */
	if (status < 0)
		port67_listen(p);
}

int port67_attach(struct port67 *p, uv_loop_t *loop,
		  void (*on_ready)(void *arg), void *arg)
{
	int err = uv_poll_init(loop, &p->poll, p->udp);

	if (err)
		return err;
	p->attached = true;
	p->on_ready = on_ready;
	p->arg = arg;
	return 0;
}

void port67_listen(struct port67 *p)
{
	uv_poll_start(&p->poll, UV_READABLE, on_poll);
}

static void release(struct port67 *p)
{
	if (p->udp >= 0)
		close(p->udp);
	if (p->packet >= 0)
		close(p->packet);
	free(p);
}

static void on_closed(uv_handle_t *handle)
{
	release(container_of(handle, struct port67, poll));
}

void port67_close(struct port67 *p)
{
	if (p && p->attached)
		uv_close((uv_handle_t *)&p->poll, on_closed);
	else if (p)
		release(p);
}

ssize_t port67_recv(struct port67 *p, void *buf, size_t size)
{
	ssize_t n = recv(p->udp, buf, size, MSG_TRUNC);

	if (n < 0)
		return -errno;
	return (size_t)n > size ? -EMSGSIZE : n;
}

/* The kernel picks a source by itself when an interface has several. */
static int send_udp(struct port67 *p, __be32 own,
		    const struct dora_reply *reply)
{
	bool relayed = reply->way == DORA_TO_RELAY;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(relayed ? DHCP_SERVER_PORT
							    : DHCP_CLIENT_PORT),
				  .sin_addr.s_addr = reply->ip };
	struct in_pktinfo info = { .ipi_ifindex = (int)p->ifindex,
				   .ipi_spec_dst.s_addr = own };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)reply->bytes,
			     .iov_len = reply->len };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(info))];
	} control = { 0 };
	struct msghdr msg = { .msg_name = &to,
			      .msg_namelen = sizeof(to),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.room) };

	control.head.cmsg_level = IPPROTO_IP;
	control.head.cmsg_type = IP_PKTINFO;
	control.head.cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(&control.head), &info, sizeof(info));
	return sendmsg(p->udp, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int port67_send(struct port67 *p, __be32 own, const struct dora_reply *reply)
{
	const struct udp_frame f = {
		.src = own,
		.dst = reply->way == DORA_TO_MAC ? reply->ip : INADDR_BROADCAST,
		.src_port = DHCP_SERVER_PORT,
		.dst_port = DHCP_CLIENT_PORT,
	};

	if (reply->way == DORA_TO_ADDR || reply->way == DORA_TO_RELAY)
		return send_udp(p, own, reply);
	return port67_frame(p->packet, p->ifindex,
			    reply->way == DORA_TO_MAC ? &reply->mac : &everyone,
			    &f, reply->bytes, reply->len);
}

int port67_frame(int fd, uint32_t ifindex, const struct mac *to,
		 const struct udp_frame *f, const void *payload, size_t len)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = (int)ifindex,
				  .sll_halen = sizeof(*to) };
	uint8_t frame[UDP_FRAME_HEAD + DHCP_REPLY_MAX];
	struct wr w = wr_init(frame, sizeof(frame));

	udp_frame_write(&w, f, payload, len);
	if (w.bad)
		return -EMSGSIZE;
	memcpy(ll.sll_addr, to->b, sizeof(*to));
	if (sendto(fd, frame, wr_len(&w), MSG_DONTWAIT,
		   (const struct sockaddr *)&ll, sizeof(ll)) < 0)
		return -errno;
	return 0;
}

/* Bound to the interface only once the filter stands, so that nothing else
 * slips in before. */
int port67_ear(uint32_t ifindex)
{
	/* Offsets from the IP header, which is where SOCK_DGRAM begins. */
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 4, 0),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_CLIENT_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, DHCP_MSG_MAX + UDP_FRAME_HEAD),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	static const struct sock_fprog filter = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code
	};
	const struct sockaddr_ll ll = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_IP),
					.sll_ifindex = (int)ifindex };
	int fd = open_packet(), yes = 1, err;

	if (fd < 0)
		return fd;
	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
			sizeof(filter)) &&
	    !setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes,
			sizeof(yes)) &&
	    !bind(fd, (const struct sockaddr *)&ll, sizeof(ll)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}
