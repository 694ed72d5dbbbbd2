/* dhcp_kit.h - settings, clients and messages for the tests of the DHCP room.
 */
#ifndef TESTS_DHCP_KIT_H
#define TESTS_DHCP_KIT_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../ctl/dhcp/pool.h"
#include "../../ctl/proto/dhcp_msg.h"

#define KIT_XID 0x12345678u

static inline __be32 ip(const char *s)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, s, &a), 1);
	return a.s_addr;
}

/* 10.77.0.1 with a mask of our choice. */
static inline struct dhcp_conf kit_conf(const char *mask)
{
	return (struct dhcp_conf){ .ifname = "lan",
				   .addr = ip("10.77.0.1"),
				   .mask = ip(mask),
				   .domain = "lan",
				   .lease_s = 86400,
				   .mtu = 1500 };
}

static inline struct mac kit_mac(unsigned n)
{
	return (struct mac){ .b = { 2, 0, 0, 0, (uint8_t)(n >> 8),
				    (uint8_t)n } };
}

static inline struct dhcp_static kit_static(struct mac mac, __be32 addr)
{
	return (struct dhcp_static){ .mac = mac, .ip = addr };
}

/* Device number n as it is known without a client identifier. */
static inline struct lease_client kit_client(unsigned n)
{
	struct lease_client c = { .mac = kit_mac(n) };

	c.id.len = 7;
	c.id.b[0] = DHCP_ETHERNET;
	memcpy(c.id.b + 1, c.mac.b, sizeof(c.mac.b));
	return c;
}

/* A message of device n, open for options; closed by kit_end(). */
struct kit_msg {
	struct dhcp_msg head;
	uint8_t bytes[DHCP_MSG_MAX];
	struct wr w;
};

static inline void kit_begin(struct kit_msg *k, unsigned n, uint8_t type,
			     __be32 ciaddr)
{
	struct mac mac = kit_mac(n);

	memset(k, 0, sizeof(*k));
	k->head.op = DHCP_OP_REQUEST;
	k->head.htype = DHCP_ETHERNET;
	k->head.hlen = sizeof(mac);
	k->head.xid = KIT_XID;
	k->head.ciaddr = ciaddr;
	memcpy(k->head.chaddr, mac.b, sizeof(mac));
	k->w = wr_init(k->bytes, sizeof(k->bytes));
	dhcp_msg_write_head(&k->w, &k->head);
	if (type)
		dhcp_msg_write_u8(&k->w, DHCP_OPT_TYPE, type);
}

/* The message as a server reads it; a view into 'k'. */
static inline struct dhcp_msg kit_end(struct kit_msg *k)
{
	struct dhcp_msg m;

	dhcp_msg_write_end(&k->w);
	assert_int_equal(dhcp_msg_parse(&m, k->bytes, wr_len(&k->w)), 0);
	return m;
}

#endif
