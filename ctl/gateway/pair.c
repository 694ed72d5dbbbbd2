/* pair.c - punt pairs (bpf/punt.h): for ports on which the owner wants no XDP
 * program, because their driver pays for it more than it saves.
 * Called by carry.c, kernel.c and lane.c. Control thread. */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "../base/log.h"
#include "gateway_priv.h"

/* A frame that is too large for a pair comes by the port itself. */
static bool wishes(const struct gateway *g, const struct engine_port *p)
{
	const struct link_if *i = link_by_index(g->link, p->ifindex);

	return g->options->path != PATH_NFQUEUE && !p->ip_only && i &&
	       i->mtu <= LINK_PAIR_MTU &&
	       !strcmp(settings_get(g->settings)->xdp_at, "pair");
}

bool pair_has(const struct gateway *g, const struct engine_port *p)
{
	return g->pairs[p->slot].near;
}

/* The kernel is asked: the mirror may not have heard of it yet. With one end
 * goes the other. */
static bool is_there(const struct link_pair *pair)
{
	char name[IF_NAMESIZE];

	return if_indextoname(pair->near, name) &&
	       !strcmp(name, pair->near_name);
}

static bool is_refused(const struct gateway *g, uint8_t slot)
{
	return g->pairs_refused & 1u << slot;
}

bool pair_fits(const struct gateway *g, const struct engine_port *p)
{
	const struct link_pair *pair = &g->pairs[p->slot];

	if (!link_by_index(g->link, p->ifindex))
		return true;
	if (wishes(g, p) != (pair->near || is_refused(g, p->slot)))
		return false;
	return !pair->near || is_there(pair);
}

/* It is not tried again and again. */
static void give_up(struct gateway *g, const struct engine_port *p,
		    const char *why)
{
	log_warn("%s: XDP stays at the port: %s", p->ifname, why);
	pair_end(g, p->slot);
	g->pairs_refused |= 1u << p->slot;
}

static void make(struct gateway *g, struct engine_port *p)
{
	struct link_pair *pair = &g->pairs[p->slot];
	struct error err = { "" };

	snprintf(pair->near_name, sizeof(pair->near_name), "%.10s-n%u",
		 g->instance.name, p->slot);
	snprintf(pair->far_name, sizeof(pair->far_name), "%.10s-f%u",
		 g->instance.name, p->slot);
	if (link_pair_add(g->link, g->journal, pair, &err))
		give_up(g, p, err.text);
}

/* Where its sockets will be; a far end has one queue. */
static void tell_port(const struct gateway *g, struct engine_port *p)
{
	const struct link_pair *pair = &g->pairs[p->slot];

	p->far = pair->far;
	snprintf(p->far_name, sizeof(p->far_name), "%s",
		 pair->far ? pair->far_name : "");
	p->queues = pair->far ? 1 : carry_queues(g, p->ifindex);
}

void pair_prepare(struct gateway *g, struct engine_port *p)
{
	const struct link_pair *pair = &g->pairs[p->slot];

	if (!pair_fits(g, p))
		pair_end(g, p->slot);
	if (wishes(g, p) && !pair->near && !is_refused(g, p->slot))
		make(g, p);
	tell_port(g, p);
}

bool pair_take(struct gateway *g, struct engine_port *p)
{
	struct error err = { "" };

	if (!pair_has(g, p))
		return false;
	if (!pair_attach(g, p, &err))
		return true;
	give_up(g, p, err.text);
	tell_port(g, p);
	return false;
}

int pair_attach(struct gateway *g, const struct engine_port *p,
		struct error *err)
{
	struct gate_port_info info = carry_port(g, p);

	return gate_attach_punt(g->gate, g->journal, &info, p->ifname,
				&g->pairs[p->slot], err);
}

void pair_keep(struct gateway *g, const struct engine_port *p)
{
	const struct link_pair *pair = &g->pairs[p->slot];

	if (pair->near && link_pair_up(g->link, pair) == 1)
		log_warn("%s: somebody took %s or %s down: taking it up again",
			 p->ifname, pair->near_name, pair->far_name);
}

/* Under whatever name somebody gave it. */
void pair_end(struct gateway *g, uint8_t slot)
{
	struct link_pair *pair = &g->pairs[slot];

	if (pair->near)
		(void)link_pair_del(g->link, pair->near);
	*pair = (struct link_pair){ 0 };
	g->pairs_refused &= ~(1u << slot);
}
