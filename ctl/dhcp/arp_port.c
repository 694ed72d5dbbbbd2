/* arp_port.c - the DHCP server's ear for ARP, and its voice.
 *
 * Called by dhcp.c. Loop's thread. */
#include "arp_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/container_of.h"

#define BURST	  64 /* messages a turn of the loop: floods wait */
#define FRAME_MAX 64 /* of which ARP_SIZE are looked at */

struct arp_port {
	int fd;
	uint32_t ifindex;
	struct mac mac;
	uv_poll_t poll;
	arp_listener *listener;
	void *arg;
};

static int open_socket(uint32_t ifindex)
{
	const struct sockaddr_ll ll = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_ARP),
					.sll_ifindex = (int)ifindex };
	int fd, yes = 1, err;

	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes,
			sizeof(yes)) &&
	    !bind(fd, (const struct sockaddr *)&ll, sizeof(ll)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int read_mac(struct arp_port *p, const char *ifname)
{
	struct ifreq req = { 0 };

	strncpy(req.ifr_name, ifname, sizeof(req.ifr_name) - 1);
	if (ioctl(p->fd, SIOCGIFHWADDR, &req))
		return -errno;
	memcpy(p->mac.b, req.ifr_hwaddr.sa_data, sizeof(p->mac.b));
	return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct arp_port *p = container_of(poll, struct arp_port, poll);
	uint8_t frame[FRAME_MAX];
	struct arp a;
	ssize_t n;
	int i;

	(void)events;
	for (i = 0; i < BURST; i++) {
		n = recv(p->fd, frame, sizeof(frame), 0);
		if (n < 0)
			break;
		if (!arp_parse(&a, frame, (size_t)n))
			p->listener(p->arg, &a);
	}
	/* libuv lets go of a socket that had an error; reading cleared it. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_poll);
}

int arp_port_open(struct arp_port **out, uv_loop_t *loop, const char *ifname,
		  uint32_t ifindex, arp_listener *listener, void *arg)
{
	struct arp_port *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->ifindex = ifindex;
	p->listener = listener;
	p->arg = arg;
	p->fd = open_socket(ifindex);
	err = p->fd < 0 ? p->fd : read_mac(p, ifname);
	if (!err)
		err = uv_poll_init(loop, &p->poll, p->fd);
	if (err)
		goto fail;
	uv_poll_start(&p->poll, UV_READABLE, on_poll);
	*out = p;
	return 0;
fail:
	if (p->fd >= 0)
		close(p->fd);
	free(p);
	return err;
}

static void on_closed(uv_handle_t *handle)
{
	struct arp_port *p = container_of(handle, struct arp_port, poll);

	close(p->fd);
	free(p);
}

void arp_port_close(struct arp_port *p)
{
	if (p)
		uv_close((uv_handle_t *)&p->poll, on_closed);
}

int arp_port_probe(struct arp_port *p, __be32 ip)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = (int)p->ifindex,
				  .sll_halen = sizeof(struct mac) };
	const struct arp a = { .op = ARP_REQUEST,
			       .sender = p->mac,
			       .target_ip = ip };
	uint8_t bytes[ARP_SIZE];
	struct wr w = wr_init(bytes, sizeof(bytes));

	memset(ll.sll_addr, 0xff, sizeof(struct mac));
	arp_write(&w, &a);
	if (sendto(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT,
		   (const struct sockaddr *)&ll, sizeof(ll)) < 0)
		return -errno;
	return 0;
}

const struct mac *arp_port_mac(const struct arp_port *p)
{
	return &p->mac;
}
