/* port_out.h - the way out of devices that have no rings of ours: frames by a
 * packet socket, IP packets by a raw socket where there is no Ethernet.
 *
 * A packet socket sends beneath the firewall, as the rings do; what the raw
 * sockets send bears GATE_MARK_OWN. Opened and closed by the control thread
 * while the engine is stopped; used by the engine thread. */
#ifndef ENGINE_PORT_OUT_H
#define ENGINE_PORT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "../packet/pkt.h"

struct port_out {
	int frames;	/* -1: closed */
	int ipv4, ipv6; /* -1: no device needs them */
};

#define PORT_OUT_CLOSED                                                        \
	{                                                                      \
		-1, -1, -1                                                     \
	}

/* 'ip': some device has no Ethernet. 0 or -errno. */
int port_out_open(struct port_out *o, bool ip);
void port_out_close(struct port_out *o);

/* 'p' as a frame, to the MAC address it bears. False: it was not taken. */
bool port_out_frame(const struct port_out *o, uint32_t ifindex,
		    const struct pkt *p);
/* Its IP packet. */
bool port_out_ip(const struct port_out *o, uint32_t ifindex,
		 const struct pkt *p);

#endif
