/* dhcp_msg.h - DHCPv4 messages on the wire (RFC 2131, 2132, 3396, 3397).
 *
 * Pure codec for dhcp/. Reading yields views into the datagram, which must
 * outlive the message; only an option that was sent in pieces is copied, into
 * a buffer of the caller's. */
#ifndef PROTO_DHCP_MSG_H
#define PROTO_DHCP_MSG_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/bytes.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68

#define DHCP_MSG_MAX	1500 /* longer datagrams are refused */
#define DHCP_REPLY_MIN	548  /* what every client must take (RFC 2131, 2) */
#define DHCP_REPLY_MAX	1472 /* one frame, for clients that take more */
#define DHCP_DOMAIN_MAX 255  /* a name on the wire (RFC 1035, 2.3.4) */

#define DHCP_OP_REQUEST 1
#define DHCP_OP_REPLY	2
#define DHCP_ETHERNET	1 /* htype */
#define DHCP_BROADCAST	0x8000

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

enum dhcp_option {
	DHCP_OPT_PAD = 0,
	DHCP_OPT_MASK = 1,
	DHCP_OPT_ROUTER = 3,
	DHCP_OPT_DNS = 6,
	DHCP_OPT_HOSTNAME = 12,
	DHCP_OPT_DOMAIN = 15,
	DHCP_OPT_MTU = 26,
	DHCP_OPT_BROADCAST = 28,
	DHCP_OPT_NTP = 42,
	DHCP_OPT_VENDOR = 43,
	DHCP_OPT_REQUESTED = 50,
	DHCP_OPT_LEASE_TIME = 51,
	DHCP_OPT_OVERLOAD = 52,
	DHCP_OPT_TYPE = 53,
	DHCP_OPT_SERVER_ID = 54,
	DHCP_OPT_PARAMETERS = 55,
	DHCP_OPT_SIZE_MAX = 57,
	DHCP_OPT_T1 = 58,
	DHCP_OPT_T2 = 59,
	DHCP_OPT_CLASS = 60,
	DHCP_OPT_CLIENT_ID = 61,
	DHCP_OPT_BOOT_SERVER = 66,
	DHCP_OPT_BOOT_FILE = 67,
	DHCP_OPT_RAPID_COMMIT = 80,
	DHCP_OPT_FQDN = 81,
	DHCP_OPT_RELAY_INFO = 82,
	DHCP_OPT_MACHINE_ID = 97,
	DHCP_OPT_V6ONLY = 108,
	DHCP_OPT_PORTAL = 114,
	DHCP_OPT_SEARCH = 119,
	DHCP_OPT_ROUTES = 121,
	DHCP_OPT_DNR = 162,
	DHCP_OPT_ROUTES_MS = 249,
	DHCP_OPT_WPAD = 252,
	DHCP_OPT_END = 255,
};

struct dhcp_msg {
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	__be32 ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t type; /* enum dhcp_type; 0: none (plain BOOTP) */
	/* Where options are, in the order of RFC 3396, section 5. */
	unsigned areas_n;
	struct rd areas[3];
};

/* -EBADMSG: cut short, no cookie, or an option that runs past its field.
 * -EMSGSIZE: longer than DHCP_MSG_MAX. */
int dhcp_msg_parse(struct dhcp_msg *m, const void *data, size_t len);

/* The value of option 'code'; its p is NULL when there is none. Pieces are
 * joined in 'join', where any option of a message fits (RFC 3396). */
struct rd dhcp_msg_option(const struct dhcp_msg *m, uint8_t code,
			  uint8_t join[DHCP_MSG_MAX]);
/* An option that is one address or one number; 0: absent or of another size. */
__be32 dhcp_msg_addr(const struct dhcp_msg *m, uint8_t code);
uint32_t dhcp_msg_u32(const struct dhcp_msg *m, uint8_t code);

/* The fixed fields of 'm' and the cookie; sname and file are left empty. */
void dhcp_msg_write_head(struct wr *w, const struct dhcp_msg *m);
/* The two empty fields of a message whose head stands at the start of 'w': for
 * a name that ends in NUL, or for options that found no other room. */
struct wr dhcp_msg_sname(const struct wr *w);
struct wr dhcp_msg_file(const struct wr *w);
/* Bits of option 52 (RFC 2132, 9.3): the fields that hold options. */
#define DHCP_IN_FILE  1u
#define DHCP_IN_SNAME 2u
/* Whole (in pieces when longer than 255) or, without room for it and the End
 * option after it, not at all: false. */
bool dhcp_msg_write_option(struct wr *w, uint8_t code, const void *value,
			   size_t len);
bool dhcp_msg_write_u8(struct wr *w, uint8_t code, uint8_t value);
bool dhcp_msg_write_be16(struct wr *w, uint8_t code, uint16_t value);
bool dhcp_msg_write_be32(struct wr *w, uint8_t code, uint32_t value);
bool dhcp_msg_write_addr(struct wr *w, uint8_t code, __be32 value);
/* The End option, and padding to BOOTP's 300 bytes (RFC 1542, 2.1). */
void dhcp_msg_write_end(struct wr *w);

/* "home.arpa" as DNS labels for option 119; the length, 0: not a name. */
size_t dhcp_msg_domain(const char *name, uint8_t out[DHCP_DOMAIN_MAX]);

#endif
