/* mdns.h - what a device says of itself by multicast DNS (RFC 6762).
 *
 * Only its own name, and only from a message that came from its own address: a
 * record that speaks of another address names nobody. Pure codec: the devices
 * room listens with it. */
#ifndef PROTO_MDNS_H
#define PROTO_MDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/bytes.h"
#include "dns_name.h"

#define MDNS_PORT      5353
#define MDNS_GROUP_V4  0xe00000fbu /* 224.0.0.251 */
#define MDNS_QUERY_MAX 128
#define MDNS_NAME_SIZE (DNS_LABEL_MAX + 1)

/* Finds in the response 'msg', sent from 'source', the NAME of "NAME.local":
 * the owner of an address record that holds 'source', or what a PTR record of
 * its reverse name points to. False: there is none, or the message does not
 * hold together before it. Clean as by mdns_clean(). */
bool mdns_read(const uint8_t *msg, size_t len, const struct addr *source,
	       char name[MDNS_NAME_SIZE]);
/* UTF-8 without control characters, marks that turn the direction of text, and
 * spaces around it; what is not UTF-8 is left out. */
void mdns_clean(const uint8_t *raw, size_t len, char name[MDNS_NAME_SIZE]);
/* Asks what 'addr' is called: a question by PTR, to be answered to the asker
 * alone (RFC 6762, 6.7). */
void mdns_ask(struct wr *w, uint16_t id, const struct addr *addr);

/* The UDP datagram in an IPv4 or IPv6 packet, as packet sockets carry it, if it
 * comes from port 5353. False: it does not. 'payload' is a view. */
bool mdns_frame(const uint8_t *packet, size_t len, struct addr *source,
		struct rd *payload);

#endif
