/* dora.h - what a DHCP server does about a message (RFC 2131, section 4.3).
 *
 * Pure: a message comes in, the pool changes, and the answer is in a buffer
 * with the way it has to go. dhcp.c has the sockets. */
#ifndef DHCP_DORA_H
#define DHCP_DORA_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../proto/dhcp_msg.h"
#include "dhcp.h"
#include "pool.h"

#define DORA_LEASE_MIN_S 60 /* granted to a client that asks for less */
#define DORA_LEASE_FIRST_S                                                     \
	600 /* a stranger's first, while the pool is tight                     \
	     */

#define DORA_TELL_MS 600000 /* that none is left is said so often */

/* Every reason not to answer, or not to have answered. */
/* clang-format off */
#define DHCP_DROPS(X)                                                          \
	X(MALFORMED, "dhcp_malformed")		/* not a DHCP message */       \
	X(NOT_REQUEST, "dhcp_not_request")	/* a server's message */       \
	X(BAD_HARDWARE, "dhcp_bad_hardware")	/* not one Ethernet station */ \
	X(RELAYED, "dhcp_relayed")		/* from another network */     \
	X(BAD_TYPE, "dhcp_bad_type")		/* no client says that */      \
	X(OTHER_SERVER, "dhcp_other_server")	/* meant for another server */ \
	X(RIVAL, "dhcp_rival")			/* silent, another serves */   \
	X(NO_ADDRESS, "dhcp_no_address")	/* all are in use */           \
	X(IN_USE, "dhcp_in_use")		/* tried ones have hosts */    \
	X(NOT_HOLDER, "dhcp_not_holder")	/* gives back another's */     \
	X(BAD_ADDRESS, "dhcp_bad_address")	/* informs from elsewhere */   \
	X(QUEUE_FULL, "dhcp_queue_full")	/* too many await the disk */  \
	X(NOT_WRITTEN, "dhcp_not_written")	/* journal cannot be kept */   \
	X(SEND_FAILED, "dhcp_send_failed")	/* the reply did not leave */

enum dhcp_drop {
	DHCP_DROP_NONE,
#define X(id, name) DHCP_DROP_##id,
	DHCP_DROPS(X)
#undef X
	DHCP_DROP_REASONS
};
/* clang-format on */

enum dora_way {
	DORA_BROADCAST,
	DORA_TO_MAC, /* the client has no address that answers ARP yet */
	DORA_TO_ADDR,
	DORA_TO_RELAY, /* which is at 'ip' */
};

struct dora_reply {
	enum dora_way way;
	bool durable; /* may leave once the journal has the lease */
	struct mac mac;
	__be32 ip;
	/* Not 0: ask by ARP whether somebody has it, tell the pool, and handle
	 * the message again; nothing is to be sent yet. */
	__be32 doubtful;
	size_t len; /* 0: nothing is to be sent */
	uint8_t bytes[DHCP_REPLY_MAX];
};

struct dora {
	struct dhcp_conf conf;
	struct pool *pool;
	uint32_t (*port_of)(void *arg, const struct mac *mac); /* or NULL */
	void *port_of_arg;
	bool silent;	  /* another server is here: no new clients, no NAKs */
	uint64_t told_ms; /* that no address was left; 0: never */
};

/* Handles one message. Anything but DHCP_DROP_NONE: no reply. */
enum dhcp_drop dora_handle(struct dora *d, const struct dhcp_msg *m,
			   uint64_t now_ms, struct dora_reply *out);

#endif
