/* port_out.c - packet and raw sockets that send and never receive.
 * Called by port.c and egress.c. Engine thread. */
#include "port_out.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../bpf/abi.h"

/* What it sends is ours: rules and the guard at the way out let it pass. */
static int mark_own(int fd)
{
	const uint32_t mark = GATE_MARK_OWN;
	int code;

	if (!setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		return fd;
	code = -errno;
	close(fd);
	return code;
}

/* IPPROTO_RAW: the IP header is ours. -1: this kernel has no such family. */
static int open_ip(int family)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

	if (fd < 0)
		return errno == EAFNOSUPPORT ? -1 : -errno;
	return mark_own(fd);
}

/* Protocol 0: it hears nothing. */
static int open_frames(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : mark_own(fd);
}

int port_out_open(struct port_out *o, bool ip)
{
	int rc = 0;

	o->frames = open_frames();
	if (o->frames < 0)
		rc = o->frames;
	if (!rc && ip) {
		o->ipv4 = open_ip(AF_INET);
		o->ipv6 = open_ip(AF_INET6);
		rc = o->ipv4 < -1 ? o->ipv4 : o->ipv6 < -1 ? o->ipv6 : 0;
	}
	if (rc)
		port_out_close(o);
	return rc;
}

void port_out_close(struct port_out *o)
{
	const int fds[] = { o->frames, o->ipv4, o->ipv6 };

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*o = (struct port_out)PORT_OUT_CLOSED;
}

bool port_out_frame(const struct port_out *o, uint32_t ifindex,
		    const struct pkt *p)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)ifindex,
				  .sll_halen = ETH_ALEN };

	memcpy(to.sll_addr, p->data, ETH_ALEN);
	return sendto(o->frames, p->data, p->len, MSG_DONTWAIT,
		      (struct sockaddr *)&to, sizeof(to)) >= 0;
}

/* A control message that names the device. */
union way {
	struct cmsghdr head;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static bool send_ip(int fd, const struct pkt *p, void *to, socklen_t to_len,
		    union way *way, size_t way_len)
{
	struct iovec iov = { p->data + p->l3, p->l3_len };
	struct msghdr msg = { .msg_name = to,
			      .msg_namelen = to_len,
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = way,
			      .msg_controllen = way_len };

	return sendmsg(fd, &msg, MSG_DONTWAIT) >= 0;
}

static bool send_ipv4(const struct port_out *o, uint32_t ifindex,
		      const struct pkt *p)
{
	const struct in_pktinfo info = { .ipi_ifindex = (int)ifindex };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = addr_to_v4(&p->next_hop) };
	union way way = { .head = { .cmsg_len = CMSG_LEN(sizeof(info)),
				    .cmsg_level = IPPROTO_IP,
				    .cmsg_type = IP_PKTINFO } };

	memcpy(CMSG_DATA(&way.head), &info, sizeof(info));
	return send_ip(o->ipv4, p, &to, sizeof(to), &way,
		       CMSG_SPACE(sizeof(info)));
}

static bool send_ipv6(const struct port_out *o, uint32_t ifindex,
		      const struct pkt *p)
{
	const struct in6_pktinfo info = { .ipi6_ifindex = ifindex };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_scope_id = ifindex };
	union way way = { .head = { .cmsg_len = CMSG_LEN(sizeof(info)),
				    .cmsg_level = IPPROTO_IPV6,
				    .cmsg_type = IPV6_PKTINFO } };

	memcpy(&to.sin6_addr, p->next_hop.b, sizeof(to.sin6_addr));
	memcpy(CMSG_DATA(&way.head), &info, sizeof(info));
	return send_ip(o->ipv6, p, &to, sizeof(to), &way,
		       CMSG_SPACE(sizeof(info)));
}

bool port_out_ip(const struct port_out *o, uint32_t ifindex,
		 const struct pkt *p)
{
	if (addr_is_v4(&p->next_hop))
		return o->ipv4 >= 0 && send_ipv4(o, ifindex, p);
	return o->ipv6 >= 0 && send_ipv6(o, ifindex, p);
}
