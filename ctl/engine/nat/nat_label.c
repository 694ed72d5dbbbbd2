/* nat_label.c - what a session is called, and that it began.
 * Called by nat_session.c, and by worker.c and commands.c through nat.h. Engine
 * thread only.
 * A label is a number; which text it stands for, the control thread knows. */
#include "nat_core.h"

#include <netinet/in.h>

#define LATE_LOOKED 32 /* sessions of a host: more it does not open so fast */

void nat_label_put(struct nat *n, uint32_t session, uint32_t label)
{
	nat_watch_at(n, session)->label = label;
	n->file.labels[session] = label;
}

uint32_t nat_label(const struct nat *n, uint32_t session)
{
	return nat_watch_at(n, session)->label;
}

void nat_set_label(struct nat *n, uint32_t session, uint32_t serial,
		   uint32_t label, bool weak)
{
	if (serial && nat_session_at(n, session)->serial == serial &&
	    (!weak || !nat_label(n, session)))
		nat_label_put(n, session, label);
}

void nat_bind_labels(struct nat *n, const struct labels *labels)
{
	n->labels = labels;
}

uint32_t nat_serial(const struct nat *n, uint32_t session)
{
	return nat_session_at(n, session)->serial;
}

const struct addr *nat_owner(const struct nat *n, uint32_t session)
{
	return &nat_session_at(n, session)->owner;
}

/* ---- late names */

/* The latest used come first. */
static void name_late(struct nat *n, const struct addr *owner,
		      const struct nat_told *t)
{
	uint32_t host = nat_host_lookup(n, owner);
	uint32_t i = host ? nat_host_at(n, host)->lists[HOST_WANTED].newest : 0;

	for (unsigned looked = 0; i && looked < LATE_LOOKED; looked++) {
		const struct session *s = nat_session_at(n, i);

		if ((int32_t)(s->lru_ms - (uint32_t)t->since_ms) < 0)
			return;
		if (s->created_ms >= t->since_ms &&
		    nat_label(n, i) == t->before &&
		    addr_eq(&s->key.remote, &t->remote))
			nat_label_put(n, i, t->label);
		i = nat_links_at(n, i)->recency[RECENCY_HOST].older;
	}
}

/* By IPv6 a host has its MAC address for a name, as nat6.c writes it. */
void nat_label_late(struct nat *n, const struct nat_told *t)
{
	struct addr device = { .b = { 0xfe, 0x80 } };

	name_late(n, &t->host, t);
	memcpy(&device.b[10], &t->mac, sizeof(t->mac));
	if (!mac_is_zero(&t->mac))
		name_late(n, &device, t);
}

/* A packet may have waited for its next hop. */
static bool is_of(const struct session *s, const struct pkt *p)
{
	return s->serial && addr_eq(nat_session_inside(s), &p->device) &&
	       addr_eq(&s->key.remote, p->to_lan ? &p->src : &p->dst);
}

bool nat_ends(const struct nat *n, const struct pkt *p,
	      struct engine_report *out)
{
	const struct session *s = nat_session_at(n, p->session);
	const struct mapping *m = nat_map_at(n, s->map);

	if (!is_of(s, p))
		return false;
	out->proto = s->key.proto;
	out->label = p->label;
	out->inside =
		(struct endpoint){ *nat_session_inside(s), s->key.local_port };
	out->outside = out->inside;
	out->remote = (struct endpoint){ s->key.remote, s->key.remote_port };
	if (addr_is_v4(&s->key.remote))
		out->outside =
			(struct endpoint){ addr_v4(n->wan_addr),
					   s->map ? m->outside_port : 0 };
	return true;
}
