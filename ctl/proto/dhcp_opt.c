/* dhcp_opt.c - DHCPv4 options whose value has an inner form.
 *
 * Called by dhcp/dora.c, dhcp/reply_options.c and gateway/plan_dhcp.c. No
 * state. */
#include "dhcp_opt.h"

#include <errno.h>

#include "dhcp_msg.h"

#define FQDN_HEAD  3
#define RCODE	   255 /* "the server did not look" (RFC 4702, 2.2) */
#define LABEL_MAX  63
#define SVC_ALPN   1 /* RFC 9460, 14.3.2 */
#define ADDR_BYTES 4

/* ---- option 81 */

static void read_text(struct dhcp_fqdn *f, struct rd *r)
{
	size_t n = rd_left(r);

	if (n >= sizeof(f->name))
		n = sizeof(f->name) - 1;
	rd_bytes(r, f->name, n);
	f->name[n] = '\0';
}

static void read_labels(struct dhcp_fqdn *f, struct rd *r)
{
	struct wr w = wr_init(f->name, sizeof(f->name) - 1);
	const uint8_t *label;
	uint8_t len;

	while (rd_left(r) && (len = rd_u8(r))) {
		label = rd_take(r, len);
		r->bad |= len > LABEL_MAX;
		if (r->bad)
			return;
		if (wr_len(&w))
			wr_u8(&w, '.');
		wr_bytes(&w, label, len);
	}
	r->bad |= w.bad;
	f->name[wr_len(&w)] = '\0';
}

int dhcp_fqdn_parse(struct dhcp_fqdn *f, struct rd value)
{
	memset(f, 0, sizeof(*f));
	f->flags = rd_u8(&value);
	rd_skip(&value, FQDN_HEAD - 1);
	if (value.bad)
		return -EBADMSG;
	if (f->flags & DHCP_FQDN_E)
		read_labels(f, &value);
	else
		read_text(f, &value);
	return value.bad ? -EBADMSG : 0;
}

void dhcp_fqdn_write(struct wr *w, const struct dhcp_fqdn *f)
{
	uint8_t labels[DHCP_DOMAIN_MAX];
	size_t n;

	wr_u8(w, f->flags);
	wr_u8(w, RCODE);
	wr_u8(w, RCODE);
	if (!(f->flags & DHCP_FQDN_E)) {
		wr_bytes(w, f->name, strlen(f->name));
		return;
	}
	n = dhcp_msg_domain(f->name, labels);
	w->bad |= !n;
	wr_bytes(w, labels, n);
}

/* ---- option 121 */

void dhcp_route_write(struct wr *w, __be32 net, unsigned len, __be32 router)
{
	wr_u8(w, (uint8_t)len);
	wr_bytes(w, &net, (len + 7) / 8);
	wr_bytes(w, &router, ADDR_BYTES);
}

bool dhcp_route_read(struct rd *r, __be32 *net, unsigned *len, __be32 *router)
{
	if (!rd_left(r))
		return false;
	*net = 0;
	*len = rd_u8(r);
	if (*len > 32) {
		r->bad = true;
		return false;
	}
	rd_bytes(r, net, (*len + 7) / 8);
	rd_bytes(r, router, ADDR_BYTES);
	return !r->bad;
}

/* ---- option 162 */

void dhcp_dnr_write(struct wr *w, uint16_t priority, const char *name,
		    __be32 addr)
{
	static const uint8_t alpn_dot[] = {
		0, SVC_ALPN, 0, 4, 3, 'd', 'o', 't'
	};
	uint8_t labels[DHCP_DOMAIN_MAX];
	size_t n = dhcp_msg_domain(name, labels);

	w->bad |= !n;
	wr_be16(w, (uint16_t)(2 + 1 + n + 1 + ADDR_BYTES + sizeof(alpn_dot)));
	wr_be16(w, priority);
	wr_u8(w, (uint8_t)n);
	wr_bytes(w, labels, n);
	wr_u8(w, ADDR_BYTES);
	wr_bytes(w, &addr, ADDR_BYTES);
	wr_bytes(w, alpn_dot, sizeof(alpn_dot));
}
