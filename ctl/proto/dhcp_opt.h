/* dhcp_opt.h - DHCPv4 options whose value has an inner form: the client's full
 * name (RFC 4702), classless routes (RFC 3442), encrypted resolvers (RFC 9463).
 *
 * Pure codec for dhcp/ and for the settings that fill these options. */
#ifndef PROTO_DHCP_OPT_H
#define PROTO_DHCP_OPT_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/bytes.h"

/* Flags of option 81 (RFC 4702, 2.1). */
#define DHCP_FQDN_S 0x01 /* the server keeps the name */
#define DHCP_FQDN_O 0x02 /* against the client's wish */
#define DHCP_FQDN_E 0x04 /* DNS labels, not text */
#define DHCP_FQDN_N 0x08 /* nobody shall keep it */

#define DHCP_FQDN_NAME 256 /* longest name as text, NUL included */
#define DHCP_FQDN_MAX  (3 + 256)

/* A client's name; bytes that are no text are kept: they are hostile until
 * cleaned. A NUL ends the name. */
struct dhcp_fqdn {
	uint8_t flags;
	char name[DHCP_FQDN_NAME];
};

/* -EBADMSG: shorter than its head, or labels that run past its end. A name may
 * be missing (""), or partial: without its last, empty label. */
int dhcp_fqdn_parse(struct dhcp_fqdn *f, struct rd value);
/* 'f' in the form that its flags tell; w->bad: no room or no name. */
void dhcp_fqdn_write(struct wr *w, const struct dhcp_fqdn *f);

/* One route: 'len' bits of 'net', by 'router'. w->bad: no room. */
void dhcp_route_write(struct wr *w, __be32 net, unsigned len, __be32 router);
/* The next route of option 121; false at its end, with r->bad when it lies. */
bool dhcp_route_read(struct rd *r, __be32 *net, unsigned *len, __be32 *router);

/* One resolver that speaks DNS over TLS, as an instance of option 162: name
 * (for its certificate) and address. w->bad: no room, or not a name. */
void dhcp_dnr_write(struct wr *w, uint16_t priority, const char *name,
		    __be32 addr);

#endif
