/* sockdiag.c - asks the kernel for the sockets of this network namespace.
 *
 * Called by gateway.c: before the NAT claims its first port and every few
 * seconds, and when a port the gateway needs is taken. Control thread only. */
#include "sockdiag.h"
#include "nlsock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMM_LEN 17 /* 16 characters at most, and NUL */

/* Calls 'each' for every socket of the family and protocol, in any state. */
static int sockets_dump(struct nlsock *nl, uint8_t family, uint8_t proto,
			int (*each)(const struct nlmsghdr *nlh, void *arg),
			void *arg)
{
	struct inet_diag_req_v2 *ask;
	struct nlreq req;

	ask = nlreq_init(&req, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, sizeof(*ask));
	ask->sdiag_family = family;
	ask->sdiag_protocol = proto;
	ask->idiag_states = ~0u;
	return nlsock_ask(nl, &req, each, arg);
}

/* A table that changed while it was read was read well enough: sockets come
 * and go all the time. */
static int sockets_of(struct nlsock *nl, uint8_t proto,
		      int (*each)(const struct nlmsghdr *nlh, void *arg),
		      void *arg)
{
	int err = sockets_dump(nl, AF_INET, proto, each, arg);

	if (!err || err == -EINTR)
		err = sockets_dump(nl, AF_INET6, proto, each, arg);
	return err == -EINTR ? 0 : err;
}

static void bit_set(uint64_t *bits, uint16_t port)
{
	bits[port / 64] |= 1ull << port % 64;
}

/* A socket's own address is all zero. */
static bool hears_all(const struct inet_diag_msg *msg)
{
	const uint32_t *src = msg->id.idiag_src;

	return !src[0] && (msg->idiag_family == AF_INET ||
			   (!src[1] && !src[2] && !src[3]));
}

static int tcp_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct sockdiag_ports *ports = arg;

	bit_set(ports->held[0], ntohs(msg->id.idiag_sport));
	if (hears_all(msg))
		bit_set(ports->everywhere[0], ntohs(msg->id.idiag_sport));
	return 0;
}

static int udp_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct sockdiag_ports *ports = arg;
	uint16_t port = ntohs(msg->id.idiag_sport);

	bit_set(ports->held[1], port);
	if (hears_all(msg))
		bit_set(ports->everywhere[1], port);
	if (msg->id.idiag_dport)
		bit_set(ports->connected_udp, port);
	return 0;
}

int sockdiag_ports(struct sockdiag_ports *out)
{
	struct nlsock nl;
	int err;

	memset(out, 0, sizeof(*out));
	err = nlsock_open(&nl, NETLINK_SOCK_DIAG);
	if (err)
		return err;
	err = sockets_of(&nl, IPPROTO_TCP, tcp_each, out);
	if (!err)
		err = sockets_of(&nl, IPPROTO_UDP, udp_each, out);
	nlsock_close(&nl);
	/* Sockets without a port are nobody's rivals. */
	out->held[0][0] &= ~1ull;
	out->held[1][0] &= ~1ull;
	return err;
}

/* ---- who holds one */

struct holder {
	uint16_t port;
	uint32_t inode;
};

/* A socket with a peer shares the port of the one that listens: the latter
 * is the holder, if there is one. */
static int holder_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct holder *h = arg;

	if (ntohs(msg->id.idiag_sport) != h->port || !msg->idiag_inode)
		return 0;
	if (!h->inode || !msg->id.idiag_dport)
		h->inode = msg->idiag_inode;
	return 0;
}

static bool has_socket(const char *pid, uint32_t inode)
{
	char path[64], want[32], link[32];
	const struct dirent *entry;
	bool found = false;
	ssize_t n;
	DIR *fds;

	snprintf(want, sizeof(want), "socket:[%u]", inode);
	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	fds = opendir(path);
	if (!fds)
		return false;
	while (!found && (entry = readdir(fds))) {
		n = readlinkat(dirfd(fds), entry->d_name, link,
			       sizeof(link) - 1);
		if (n < 0)
			continue;
		link[n] = '\0';
		found = !strcmp(link, want);
	}
	closedir(fds);
	return found;
}

/* A process may call itself anything; only what prints is repeated. */
static void comm_read(const char *pid, char out[COMM_LEN])
{
	char path[64], *p;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, COMM_LEN - 1);
		close(fd);
	}
	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	for (p = out; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
}

static void process_find(uint32_t inode, char *buf, size_t len)
{
	const struct dirent *entry;
	char comm[COMM_LEN];
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !has_socket(entry->d_name, inode))
			continue;
		comm_read(entry->d_name, comm);
		snprintf(buf, len, "%s (pid %.16s)", comm, entry->d_name);
		break;
	}
	if (proc)
		closedir(proc);
}

void sockdiag_holder(int proto, uint16_t port, char *buf, size_t len)
{
	struct holder h = { .port = port };
	struct nlsock nl;

	snprintf(buf, len, "another process");
	if (nlsock_open(&nl, NETLINK_SOCK_DIAG))
		return;
	sockets_of(&nl, (uint8_t)proto, holder_each, &h);
	nlsock_close(&nl);
	if (h.inode)
		process_find(h.inode, buf, len);
}
