/* reply_options.c - the options of an answer.
 *
 * Called by dora_reply.c. No state. Options that the protocol needs come first;
 * what the client asked for follows in its own order (RFC 2132, 9.8); then what
 * the owner wants every client to have, and what has to be sent back as it
 * came. What finds no room in the options field goes to the two old fields
 * (RFC 2131, 4.1), and only then is left out. */
#include "reply_options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "../proto/dhcp_opt.h"

#define OVERLOAD_SIZE 3 /* option 52, for which room is kept */

struct options {
	struct wr w;
	struct wr file, sname; /* as spare room; bad: not to be had */
	uint8_t overload;      /* which of them are used */
	const struct dhcp_conf *conf;
	const struct dhcp_msg *ask;
	const struct dora_grant *grant;
	bool done[256]; /* by code: written, or found not to exist */
};

/* What a client gets that names no wishes. */
static const uint8_t usual[] = { DHCP_OPT_MASK, DHCP_OPT_ROUTER, DHCP_OPT_DNS,
				 DHCP_OPT_DOMAIN, DHCP_OPT_BROADCAST };
/* And a client that boots over the network, whatever it wishes. */
static const uint8_t boot[] = { DHCP_OPT_CLASS, DHCP_OPT_VENDOR,
				DHCP_OPT_BOOT_SERVER, DHCP_OPT_BOOT_FILE,
				DHCP_OPT_MACHINE_ID };

/* ---- room */

static void put(struct options *o, uint8_t code, const void *value, size_t len)
{
	if (dhcp_msg_write_option(&o->w, code, value, len))
		return;
	if (dhcp_msg_write_option(&o->file, code, value, len))
		o->overload |= DHCP_IN_FILE;
	else if (dhcp_msg_write_option(&o->sname, code, value, len))
		o->overload |= DHCP_IN_SNAME;
}

static void put_addr(struct options *o, uint8_t code, __be32 addr)
{
	put(o, code, &addr, sizeof(addr));
}

static void put_text(struct options *o, uint8_t code, const char *text)
{
	if (text[0])
		put(o, code, text, strlen(text));
}

/* ---- booting over the network (PXE 2.1, 2.2.2; UEFI 2.10, 24.7.3.3) */

static bool is_of_class(const struct options *o, const char *class)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(o->ask, DHCP_OPT_CLASS, join);
	size_t len = strlen(class);

	return rd_left(&r) >= len && !memcmp(r.p, class, len);
}

static const char *boot_class(const struct options *o)
{
	if (!o->conf->boot.file[0])
		return NULL;
	if (is_of_class(o, "PXEClient"))
		return "PXEClient";
	return is_of_class(o, "HTTPClient") ? "HTTPClient" : NULL;
}

/* "Ask no boot servers, the file's name is here": PXE_DISCOVERY_CONTROL. */
static void put_pxe(struct options *o)
{
	static const uint8_t control[] = { 6, 1, 8, 255 };

	if (is_of_class(o, "PXEClient"))
		put(o, DHCP_OPT_VENDOR, control, sizeof(control));
}

static void put_boot_server(struct options *o)
{
	struct addr own = addr_v4(o->conf->addr);
	char text[ADDR_STRLEN];

	put_text(o, DHCP_OPT_BOOT_SERVER,
		 o->conf->boot.server[0] ? o->conf->boot.server
					 : addr_format(&own, text));
}

static void put_back(struct options *o, uint8_t code)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(o->ask, code, join);

	if (rd_left(&r))
		put(o, code, r.p, rd_left(&r));
}

/* ---- names */

static void put_search(struct options *o)
{
	uint8_t name[DHCP_DOMAIN_MAX];
	size_t len = dhcp_msg_domain(o->conf->domain, name);

	if (len)
		put(o, DHCP_OPT_SEARCH, name, len);
}

/* RFC 4702, 4: the name that we keep for the client, in the form that it used.
 * Only to who spoke of its own. */
static void put_fqdn(struct options *o)
{
	uint8_t join[DHCP_MSG_MAX], value[DHCP_FQDN_MAX];
	struct rd r = dhcp_msg_option(o->ask, DHCP_OPT_FQDN, join);
	struct wr w = wr_init(value, sizeof(value));
	struct dhcp_fqdn f;
	uint8_t asked;

	if (!r.p || !o->grant->hostname[0] || dhcp_fqdn_parse(&f, r))
		return;
	asked = f.flags;
	f.flags = (asked & DHCP_FQDN_E) | DHCP_FQDN_S;
	if (!(asked & DHCP_FQDN_S))
		f.flags |= DHCP_FQDN_O;
	snprintf(f.name, sizeof(f.name), "%s.%s", o->grant->hostname,
		 o->conf->domain);
	dhcp_fqdn_write(&w, &f);
	if (!w.bad)
		put(o, DHCP_OPT_FQDN, value, wr_len(&w));
}
_Static_assert(HOSTNAME_SIZE + sizeof(((struct dhcp_conf *)0)->domain) <
		       DHCP_FQDN_NAME,
	       "a full name fits");

/* ---- what is wanted */

static bool put_extra(struct options *o, uint8_t code)
{
	unsigned i;

	for (i = 0; i < o->conf->extras_n; i++) {
		const struct dhcp_extra *e = &o->conf->extras[i];

		if (e->code != code)
			continue;
		put(o, code, e->value, e->len);
		return true;
	}
	return false;
}

static void put_mtu(struct options *o)
{
	uint16_t mtu = htons(o->conf->mtu);

	if (mtu)
		put(o, DHCP_OPT_MTU, &mtu, sizeof(mtu));
}

static void put_wanted(struct options *o, uint8_t code);

static void put_own(struct options *o, uint8_t code)
{
	const struct dhcp_conf *conf = o->conf;

	switch (code) {
	case DHCP_OPT_MASK:
		put_addr(o, code, conf->mask);
		break;
	case DHCP_OPT_ROUTER:
	case DHCP_OPT_DNS:
		put_addr(o, code, conf->addr);
		break;
	case DHCP_OPT_HOSTNAME:
		put_text(o, code, o->grant->hostname);
		break;
	case DHCP_OPT_DOMAIN:
		put_text(o, code, conf->domain);
		break;
	case DHCP_OPT_MTU:
		put_mtu(o);
		break;
	case DHCP_OPT_BROADCAST:
		put_addr(o, code, conf->addr | ~conf->mask);
		break;
	case DHCP_OPT_BOOT_SERVER:
		if (conf->boot.file[0])
			put_boot_server(o);
		break;
	case DHCP_OPT_BOOT_FILE:
		put_text(o, code, conf->boot.file);
		break;
	case DHCP_OPT_CLASS:
		put_text(o, code, boot_class(o) ? boot_class(o) : "");
		break;
	case DHCP_OPT_VENDOR:
		put_pxe(o);
		break;
	case DHCP_OPT_MACHINE_ID:
		put_back(o, code);
		break;
	case DHCP_OPT_FQDN:
		put_fqdn(o);
		break;
	case DHCP_OPT_SEARCH:
		put_search(o);
		break;
	default:
		break;
	}
}

static void put_wanted(struct options *o, uint8_t code)
{
	if (o->done[code])
		return;
	o->done[code] = true;
	/* The mask comes before the router (RFC 2132, 3.3). */
	if (code == DHCP_OPT_ROUTER)
		put_wanted(o, DHCP_OPT_MASK);
	if (!put_extra(o, code))
		put_own(o, code);
}

/* What the protocol itself says is nobody's wish. */
static void shut_protocol(struct options *o)
{
	static const uint8_t codes[] = {
		DHCP_OPT_PAD,	     DHCP_OPT_REQUESTED, DHCP_OPT_LEASE_TIME,
		DHCP_OPT_OVERLOAD,   DHCP_OPT_TYPE,	 DHCP_OPT_SERVER_ID,
		DHCP_OPT_PARAMETERS, DHCP_OPT_SIZE_MAX,	 DHCP_OPT_T1,
		DHCP_OPT_T2,	     DHCP_OPT_CLIENT_ID, DHCP_OPT_RAPID_COMMIT,
		DHCP_OPT_RELAY_INFO, DHCP_OPT_END
	};
	unsigned i;

	for (i = 0; i < sizeof(codes); i++)
		o->done[codes[i]] = true;
}

static void put_settings(struct options *o)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(o->ask, DHCP_OPT_PARAMETERS, join);
	unsigned i;

	shut_protocol(o);
	if (!rd_left(&r))
		r = rd_init(usual, sizeof(usual));
	while (rd_left(&r))
		put_wanted(o, rd_u8(&r));
	for (i = 0; boot_class(o) && i < sizeof(boot); i++)
		put_wanted(o, boot[i]);
	put_wanted(o, DHCP_OPT_FQDN);
	for (i = 0; i < o->conf->extras_n; i++) {
		if (o->conf->extras[i].always)
			put_wanted(o, o->conf->extras[i].code);
	}
}

/* ---- the whole */

/* RFC 2131, 4.4.5: renew at half the time, rebind at seven eighths. */
static void put_times(struct options *o, uint32_t lease_s)
{
	put_addr(o, DHCP_OPT_LEASE_TIME, htonl(lease_s));
	put_addr(o, DHCP_OPT_T1, htonl(lease_s / 2));
	put_addr(o, DHCP_OPT_T2, htonl((uint32_t)((uint64_t)lease_s * 7 / 8)));
}

/* Old boot programs read the file's name in its field; else the fields are
 * spare room, when they are needed. */
static void take_fields(struct options *o, const struct wr *head)
{
	o->sname = dhcp_msg_sname(head);
	o->file = dhcp_msg_file(head);
	if (o->grant->type == DHCP_NAK || !o->conf->boot.file[0])
		return;
	wr_bytes(&o->file, o->conf->boot.file, strlen(o->conf->boot.file));
	o->file.bad = true;
}

static void end_fields(struct options *o)
{
	if (o->overload & DHCP_IN_FILE)
		wr_u8(&o->file, DHCP_OPT_END);
	if (o->overload & DHCP_IN_SNAME)
		wr_u8(&o->sname, DHCP_OPT_END);
	o->w.end += OVERLOAD_SIZE;
	if (o->overload)
		dhcp_msg_write_u8(&o->w, DHCP_OPT_OVERLOAD, o->overload);
	dhcp_msg_write_end(&o->w);
}

void reply_options_write(struct wr *w, const struct dhcp_conf *conf,
			 const struct dhcp_msg *ask,
			 const struct dora_grant *grant)
{
	struct options o = {
		.w = *w, .conf = conf, .ask = ask, .grant = grant
	};

	take_fields(&o, w);
	o.w.end -= OVERLOAD_SIZE;
	dhcp_msg_write_u8(&o.w, DHCP_OPT_TYPE, grant->type);
	dhcp_msg_write_addr(&o.w, DHCP_OPT_SERVER_ID, conf->addr);
	if (grant->lease_s)
		put_times(&o, grant->lease_s);
	if (grant->rapid)
		put(&o, DHCP_OPT_RAPID_COMMIT, "", 0);
	if (grant->type != DHCP_NAK)
		put_settings(&o);
	/* Sent back as they came (RFC 6842; RFC 3046, 2.2: the last of all). */
	put_back(&o, DHCP_OPT_CLIENT_ID);
	put_back(&o, DHCP_OPT_RELAY_INFO);
	end_fields(&o);
	*w = o.w;
}
