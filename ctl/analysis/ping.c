/* ping.c - the socket and the timer behind ping.h.
 *
 * Called by the gateway. Loop's thread. A raw socket: those made for pinging
 * are not everyone's (net.ipv4.ping_group_range). Every question has another
 * identifier, because a device's own ping may have claimed one at the NAT, and
 * the answer would go to it. */
#include "ping.h"

#include <errno.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/bytes.h"
#include "../base/clock.h"
#include "../base/container_of.h"

#define PERIOD_MS 1000
#define BURST	  32
#define ECHO_LEN  8
#define IP_LEAST  20
#define ICMP_ASK  8
#define ICMP_TELL 0

struct ping {
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned open;
	ping_listener *listener;
	void *arg;
	char ifname[IFNAMSIZ];
	struct addr to;
	/* The question that is out. */
	bool waiting;
	struct addr asked;
	uint16_t id, seq;
	uint64_t asked_us;
};

/* ---- messages */

static uint16_t checksum(uint16_t id, uint16_t seq)
{
	uint32_t sum = (ICMP_ASK << 8) + id + seq;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void ask(struct ping *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr = { addr_to_v4(&p->to) } };
	uint8_t msg[ECHO_LEN];
	struct wr w = wr_init(msg, sizeof(msg));

	if (getrandom(&p->id, sizeof(p->id), 0) != sizeof(p->id))
		return;
	p->seq++;
	wr_u8(&w, ICMP_ASK);
	wr_u8(&w, 0);
	wr_be16(&w, checksum(p->id, p->seq));
	wr_be16(&w, p->id);
	wr_be16(&w, p->seq);
	p->asked = p->to;
	p->asked_us = clock_us();
	/* One that cannot leave is lost: the port may be down. */
	(void)sendto(p->fd, msg, sizeof(msg), MSG_DONTWAIT,
		     (const struct sockaddr *)&to, sizeof(to));
	p->waiting = true;
}

/* Raw sockets hear the IP header too. */
static bool is_answer(const struct ping *p, const uint8_t *packet, size_t len)
{
	struct rd r = rd_init(packet, len);
	size_t head = (size_t)(rd_u8(&r) & 0xf) * 4;
	struct addr from = addr_v4(0);

	rd_skip(&r, 11);
	rd_bytes(&r, &from.w[3], 4);
	if (head < IP_LEAST || !addr_eq(&from, &p->asked))
		return false;
	rd_skip(&r, head - 16);
	if (rd_u8(&r) != ICMP_TELL)
		return false;
	rd_skip(&r, 3);
	return rd_be16(&r) == p->id && rd_be16(&r) == p->seq && !r.bad;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct ping *p = container_of(poll, struct ping, poll);
	uint8_t packet[128];
	ssize_t n;
	int i;

	(void)events;
	for (i = 0; i < BURST; i++) {
		n = recv(p->fd, packet, sizeof(packet), 0);
		if (n < 0)
			break;
		if (!p->waiting || !is_answer(p, packet, (size_t)n))
			continue;
		p->waiting = false;
		p->listener(p->arg, &p->asked,
			    (uint32_t)(clock_us() - p->asked_us));
	}
	/* libuv lets go of a socket that had an error; reading cleared it. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_poll);
}

static void on_timer(uv_timer_t *timer)
{
	struct ping *p = container_of(timer, struct ping, timer);

	if (p->waiting) {
		p->waiting = false;
		p->listener(p->arg, &p->asked, PING_LOST);
	}
	if (!addr_is_zero(&p->to))
		ask(p);
}

/* ---- life */

void ping_aim(struct ping *p, const char *ifname, const struct addr *to)
{
	if (addr_eq(&p->to, to) && !strcmp(p->ifname, ifname))
		return;
	p->to = (struct addr){ 0 };
	p->waiting = false;
	memset(p->ifname, 0, sizeof(p->ifname));
	strncpy(p->ifname, ifname, sizeof(p->ifname) - 1);
	if (addr_is_zero(to) || setsockopt(p->fd, SOL_SOCKET, SO_BINDTODEVICE,
					   p->ifname, sizeof(p->ifname)))
		return;
	p->to = *to;
}

static int open_socket(void)
{
	const struct icmp_filter only = { .data = ~(1u << ICMP_TELL) };
	int fd, err;

	fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    IPPROTO_ICMP);
	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_RAW, ICMP_FILTER, &only, sizeof(only)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int ping_open(struct ping **out, uv_loop_t *loop, ping_listener *listener,
	      void *arg)
{
	struct ping *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->listener = listener;
	p->arg = arg;
	p->fd = open_socket();
	err = p->fd < 0 ? p->fd : uv_poll_init(loop, &p->poll, p->fd);
	if (err) {
		if (p->fd >= 0)
			close(p->fd);
		free(p);
		return err;
	}
	uv_timer_init(loop, &p->timer);
	p->open = 2;
	uv_poll_start(&p->poll, UV_READABLE, on_poll);
	uv_timer_start(&p->timer, on_timer, PERIOD_MS, PERIOD_MS);
	*out = p;
	return 0;
}

static void release(struct ping *p)
{
	if (--p->open)
		return;
	close(p->fd);
	free(p);
}

static void on_poll_closed(uv_handle_t *handle)
{
	release(container_of(handle, struct ping, poll));
}

static void on_timer_closed(uv_handle_t *handle)
{
	release(container_of(handle, struct ping, timer));
}

void ping_close(struct ping *p)
{
	if (!p)
		return;
	uv_close((uv_handle_t *)&p->poll, on_poll_closed);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
