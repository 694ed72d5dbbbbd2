/* port67.h - the sockets of the DHCP server and of its probe for others.
 *
 * A UDP socket on port 67 of the LAN interface hears clients, and answers
 * relays and those that have their address. The others do not answer ARP yet: a
 * packet socket sends them frames. */
#ifndef DHCP_PORT67_H
#define DHCP_PORT67_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "../base/addr.h"
#include "../base/error.h"
#include "../proto/udp_frame.h"
#include "dora.h"

struct port67;

/* Opens the sockets only. Port taken: -EADDRINUSE. */
int port67_open(struct port67 **out, const char *ifname, uint32_t ifindex,
		struct error *err);
/* Belongs to the loop from here on; 'on_ready' is called, once listening, when
 * messages wait. */
int port67_attach(struct port67 *p, uv_loop_t *loop,
		  void (*on_ready)(void *arg), void *arg);
void port67_listen(struct port67 *p);
/* NULL is fine. If attached, it is freed after the loop ran. */
void port67_close(struct port67 *p);

/* The length of a message; -EAGAIN: none waits, -EMSGSIZE: it was longer. */
ssize_t port67_recv(struct port67 *p, void *buf, size_t size);
/* Sends a reply from address 'own'. */
int port67_send(struct port67 *p, __be32 own, const struct dora_reply *reply);

/* A packet socket that hears UDP to port 68 on one interface; an fd. */
int port67_ear(uint32_t ifindex);
/* A datagram in a frame, by a packet socket. */
int port67_frame(int fd, uint32_t ifindex, const struct mac *to,
		 const struct udp_frame *f, const void *payload, size_t len);

#endif
