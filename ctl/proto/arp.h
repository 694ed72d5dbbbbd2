/* arp.h - ARP for IPv4 over Ethernet (RFC 826, 5227), without the Ethernet
 * header, as packet sockets of type SOCK_DGRAM carry it.
 *
 * Pure codec: the DHCP server asks by it whether an address is free. */
#ifndef PROTO_ARP_H
#define PROTO_ARP_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/bytes.h"

#define ARP_SIZE    28
#define ARP_REQUEST 1
#define ARP_REPLY   2

struct arp {
	uint16_t op;
	struct mac sender, target;
	__be32 sender_ip, target_ip;
};

/* Writes ARP_SIZE bytes; w->bad: no room. */
void arp_write(struct wr *w, const struct arp *a);
/* -EBADMSG: cut short, or not IPv4 over Ethernet. Bytes that follow, which
 * short frames are padded with, are passed over. Any 'op' is passed on. */
int arp_parse(struct arp *a, const void *data, size_t len);

#endif
