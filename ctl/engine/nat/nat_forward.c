/* nat_forward.c - the owner's mappings: nat.md 29.
 * Called by nat.c for every new conf, and by nat_adopt.c. Engine thread only.
 *
 * A forward is a mapping that is fixed: it never ends and never moves. One that
 * the owner takes back becomes like any other, so that its sessions go on.
 * Invariant: 'forwards' holds the numbers of the fixed mappings. */
#include "nat_core.h"

#include <netinet/in.h>

static void fix(struct nat *n, struct mapping *m)
{
	if (!m->sessions)
		nat_wheel_disarm(n, nat_map_number(n, m) | NAT_ID_MAP);
	m->forwarded = true;
	m->fixed = true;
	n->forwards[n->forwards_n++] = nat_map_number(n, m);
}

void nat_forward_fixed(struct nat *n, struct mapping *m)
{
	if (n->forwards_n < ENGINE_FORWARDS_MAX)
		fix(n, m);
}

static void unfix(struct nat *n, struct mapping *m)
{
	const struct nat_timers *t = &n->conf->timers;

	m->fixed = false;
	m->deadline_ms =
		n->now_ms +
		(m->bits == GATE_BITS_TCP ? t->tcp_transitory : t->udp);
	if (!m->sessions)
		nat_wheel_arm(n, nat_map_number(n, m) | NAT_ID_MAP,
			      m->deadline_ms);
}

static bool is_of(const struct mapping *m, const struct conf_forward *f)
{
	return m->bits == nat_bits(f->proto) &&
	       m->outside_port == htons(f->port) &&
	       m->inside_port == htons(f->to_port) &&
	       addr_to_v4(&m->inside) == f->to;
}

static bool is_wanted(const struct nat *n, const struct mapping *m)
{
	for (unsigned i = 0; i < n->conf->forwards_n; i++)
		if (is_of(m, &n->conf->forwards[i]))
			return true;
	return false;
}

static void drop_others(struct nat *n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n->forwards_n; i++) {
		struct mapping *m = nat_map_at(n, n->forwards[i]);

		if (is_wanted(n, m))
			n->forwards[kept++] = n->forwards[i];
		else
			unfix(n, m);
	}
	n->forwards_n = kept;
}

/* Whoever has the port makes way; if it is the inside end itself, it stays and
 * all its sessions with it. */
static void add(struct nat *n, const struct conf_forward *f)
{
	enum gate_bits bits = nat_bits(f->proto);
	struct mapping *m = nat_map_outside(n, bits, htons(f->port));
	struct addr to = addr_v4(f->to);

	if (m && m->fixed)
		return;
	if (m && !is_of(m, f)) {
		nat_map_move(n, m);
		m = NULL;
	}
	if (!m)
		m = nat_map_open_at(n, bits, &to, htons(f->to_port),
				    htons(f->port));
	if (m)
		fix(n, m);
}

void nat_forward_apply(struct nat *n)
{
	drop_others(n);
	for (unsigned i = 0; i < n->conf->forwards_n; i++)
		add(n, &n->conf->forwards[i]);
}
