/* rival.h - looks for another DHCP server on the LAN.
 *
 * A round asks like a client would, twice, and listens; nothing is ever
 * requested. One round at start, then every ten minutes, sooner when a client
 * was seen to choose another server, and often while one is here. */
#ifndef DHCP_RIVAL_H
#define DHCP_RIVAL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "../proto/dhcp_msg.h"

/* Where to look, and which server is our own. */
struct rival_place {
	char ifname[16];
	uint32_t ifindex;
	__be32 own;
};

typedef void rival_listener(void *arg, __be32 server, bool here);

struct rival;

/* -ENOMEM. The first round begins at once. */
int rival_start(struct rival **out, uv_loop_t *loop,
		const struct rival_place *place, rival_listener *listener,
		void *arg);
/* Freed after the loop ran; NULL is fine. */
void rival_stop(struct rival *r);
/* Looks in another place from now on, beginning with a round. */
void rival_move(struct rival *r, const struct rival_place *place);
/* A client spoke of another server: worth a look before its time. */
void rival_hint(struct rival *r);
/* The message is our own question, come back. */
bool rival_is_probe(const struct rival *r, const struct dhcp_msg *m);

#endif
