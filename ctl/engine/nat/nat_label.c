/* nat_label.c - what a session is called, and that it began.
 * Called by nat_session.c, and by worker.c through nat.h. Engine thread only.
 * A label is a number; which text it stands for, the control thread knows. */
#include "nat_core.h"

#include <netinet/in.h>

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
