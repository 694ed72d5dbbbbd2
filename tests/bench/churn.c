/* churn.c - the bench's devices that open sessions without end.
 *
 *   churn DEV SRC DSTMAC PORTS HOSTS RATE SECONDS
 *
 * Small datagrams at RATE a second from HOSTS addresses, SRC and those after
 * it, of PORTS source ports each; every one goes to a remote that is drawn at
 * random, and so is a session of its own. Prints how many were sent and in how
 * many nanoseconds. Ends by itself. For namespaces only. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SINK_PORT  9
#define FIRST_PORT 10000
#define BATCH	   64
#define SLICE_NS   1000000 /* so often what is due is sent */

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	uint8_t payload[18];
} __attribute__((packed, aligned(2)));

struct churn {
	int fd;
	uint32_t first, hosts, ports;
	uint64_t made, random;
	struct frame frames[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msgs[BATCH];
};

static int fail(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* xorshift: quick, and the same in every run. */
static uint32_t draw(struct churn *c)
{
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return (uint32_t)(c->random >> 32);
}

static int open_port(const char *dev)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = 0, /* hears nothing */
				  .sll_ifindex = (int)if_nametoindex(dev) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint16_t header_sum(const void *ip)
{
	const uint8_t *b = ip;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(struct iphdr); i += 2)
		sum += (uint32_t)(b[i] << 8 | b[i + 1]);
	sum = (sum >> 16) + (sum & 0xffff);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

/* 198.18.0.0/15 is for benchmarks (RFC 2544): nobody's, and no martians. */
static void next_frame(struct churn *c, struct frame *f)
{
	uint32_t host = (uint32_t)(c->made / c->ports % c->hosts);

	f->ip.saddr = htonl(c->first + host);
	f->ip.daddr = htonl(0xc6120000 + draw(c) % 0x00020000);
	f->ip.check = 0;
	f->ip.check = header_sum(&f->ip);
	f->udp.source = htons((uint16_t)(FIRST_PORT + c->made % c->ports));
	c->made++;
}

static int prepare(struct churn *c, const char *dev, const char *mac)
{
	struct ifreq own = { 0 };
	struct frame f = { 0 };

	snprintf(own.ifr_name, sizeof(own.ifr_name), "%s", dev);
	if (ioctl(c->fd, SIOCGIFHWADDR, &own))
		return -1;
	memcpy(f.eth.ether_shost, own.ifr_hwaddr.sa_data, ETH_ALEN);
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &f.eth.ether_dhost[0],
		   &f.eth.ether_dhost[1], &f.eth.ether_dhost[2],
		   &f.eth.ether_dhost[3], &f.eth.ether_dhost[4],
		   &f.eth.ether_dhost[5]) != 6) {
		errno = EINVAL;
		return -1;
	}
	f.eth.ether_type = htons(ETHERTYPE_IP);
	f.ip = (struct iphdr){ .version = 4,
			       .ihl = 5,
			       .ttl = 64,
			       .protocol = IPPROTO_UDP,
			       .tot_len = htons(sizeof(f) - sizeof(f.eth)) };
	f.udp.dest = htons(SINK_PORT);
	f.udp.len = htons(sizeof(f.udp) + sizeof(f.payload));
	for (unsigned i = 0; i < BATCH; i++) {
		c->frames[i] = f;
		c->iov[i] = (struct iovec){ &c->frames[i], sizeof(f) };
		c->msgs[i].msg_hdr.msg_iov = &c->iov[i];
		c->msgs[i].msg_hdr.msg_iovlen = 1;
	}
	return 0;
}

/* A full queue loses what it cannot take, as a wire does. */
static void send_due(struct churn *c, uint64_t due)
{
	while (c->made < due) {
		unsigned n = 0;

		while (n < BATCH && c->made < due)
			next_frame(c, &c->frames[n++]);
		sendmmsg(c->fd, c->msgs, n, MSG_DONTWAIT);
	}
}

int main(int argc, char **argv)
{
	static struct churn c = { .random = 0x9e3779b97f4a7c15 };
	uint64_t began, now, until, rate;

	if (argc != 8) {
		fprintf(stderr, "churn: see the head of churn.c\n");
		return 2;
	}
	c.fd = open_port(argv[1]);
	c.first = ntohl(inet_addr(argv[2]));
	c.ports = (uint32_t)atoi(argv[4]);
	c.hosts = (uint32_t)atoi(argv[5]);
	rate = (uint64_t)atoll(argv[6]);
	if (c.fd < 0 || !c.ports || !c.hosts || prepare(&c, argv[1], argv[3]))
		return fail(argv[1]);
	began = now_ns();
	until = began + (uint64_t)(atof(argv[7]) * 1e9);
	while ((now = now_ns()) < until) {
		send_due(&c, (now - began) / 1000 * rate / 1000000);
		nanosleep(&(struct timespec){ .tv_nsec = SLICE_NS }, NULL);
	}
	printf("%llu %llu\n", (unsigned long long)c.made,
	       (unsigned long long)(now - began));
	return 0;
}
