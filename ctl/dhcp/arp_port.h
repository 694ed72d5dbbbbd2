/* arp_port.h - the DHCP server's ear for ARP, and its voice, on one interface.
 *
 * Loop's thread. */
#ifndef DHCP_ARP_PORT_H
#define DHCP_ARP_PORT_H

#include <linux/types.h>
#include <stdint.h>
#include <uv.h>

#include "../proto/arp.h"

/* Every ARP message that reaches the interface from outside. */
typedef void arp_listener(void *arg, const struct arp *a);

struct arp_port;

/* -errno: no socket. */
int arp_port_open(struct arp_port **out, uv_loop_t *loop, const char *ifname,
		  uint32_t ifindex, arp_listener *listener, void *arg);
/* Freed after the loop ran; NULL is fine. */
void arp_port_close(struct arp_port *p);
/* Asks who has 'ip', as one who has no address (RFC 5227, 2.1.1): nobody's
 * table changes by it. 0 or -errno. */
int arp_port_probe(struct arp_port *p, __be32 ip);
/* The interface's own hardware address. */
const struct mac *arp_port_mac(const struct arp_port *p);

#endif
