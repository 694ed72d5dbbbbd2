/* sockdiag.h - which TCP and UDP ports this machine's own sockets hold
 * (NETLINK_SOCK_DIAG), and who holds one. */
#ifndef LINK_SOCKDIAG_H
#define LINK_SOCKDIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockdiag_ports {
	uint64_t held[2][1024];	      /* [0] TCP, [1] UDP: any socket */
	uint64_t connected_udp[1024]; /* UDP sockets with a peer: our clients */
	/* Those that hear every address of the machine. */
	uint64_t everywhere[2][1024];
};

/* IPv4 and IPv6 sockets of this network namespace. 0 or -errno. */
int sockdiag_ports(struct sockdiag_ports *out);

/* Who holds the port: "dnsmasq (pid 812)", or "another process" when it cannot
 * be told. */
void sockdiag_holder(int proto, uint16_t port, char *buf, size_t len);

#endif
