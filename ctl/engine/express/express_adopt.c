/* express_adopt.c - pairs that eBPF carried while no engine was there.
 * Called by express_open(), once in a process. Control thread, engine stopped.
 *
 * The maps tell it all: a key leads to a row, the row has the key again, and
 * the NAT's own records say whose it is. What does not fit goes. */
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "../../base/clock.h"
#include "../tap/capture.h"
#include "express_core.h"

#define BOTH_WAYS (1 << WAY_OUT | 1 << WAY_IN)

/* Which ways of each pair stand in a hash. */
struct found {
	uint8_t ways[GATE_EXPRESS_PAIRS + 1];
};

union key {
	struct express4_key v4;
	struct express6_key v6;
};

static bool is_rows(const struct express_flow *row, const union key *key,
		    bool v6)
{
	return v6 ? !memcmp(&row->key6, &key->v6, sizeof(key->v6))
		  : !memcmp(&row->key, &key->v4, sizeof(key->v4));
}

/* Marks the slot of a key that its row confirms; another key goes. */
static void look_up(struct express *x, int map, const union key *key, bool v6,
		    struct found *found)
{
	struct express_slot at;

	if (bpf_map_lookup_elem(map, key, &at))
		return;
	if (at.slot < GATE_EXPRESS_SLOTS &&
	    is_rows(&x->flows[at.slot], key, v6))
		found->ways[at.slot % GATE_EXPRESS_PAIRS + 1] |=
			1 << at.slot / GATE_EXPRESS_PAIRS;
	else
		(void)bpf_map_delete_elem(map, key);
}

/* The next key is asked for first: from a deleted one the walk would begin
 * anew. */
static void walk(struct express *x, int map, bool v6, struct found *found)
{
	union key at, next;
	int end = bpf_map_get_next_key(map, NULL, &at);

	while (!end) {
		end = bpf_map_get_next_key(map, &at, &next);
		look_up(x, map, &at, v6, found);
		at = next;
	}
}

/* What goes out has the inside's own ends in its key. */
static uint32_t session_of(const struct express *x, uint32_t pair,
			   struct nat_offer *o)
{
	const struct express_flow *row = &x->flows[express_slot(pair, WAY_OUT)];
	const struct express4_key *v4 = &row->key;
	const struct express6_key *v6 = &row->key6;

	*o = (struct nat_offer){ .proto = (uint8_t)(v4->proto | v6->proto) };
	if (v4->ifindex) {
		__be32 src, dst;

		memcpy(&src, v4->src, sizeof(src));
		memcpy(&dst, v4->dst, sizeof(dst));
		o->inside = (struct endpoint){ addr_v4(src), htons(v4->sport) };
		o->remote = (struct endpoint){ addr_v4(dst), htons(v4->dport) };
	} else {
		memcpy(o->inside.addr.b, v6->src, sizeof(v6->src));
		memcpy(o->remote.addr.b, v6->dst, sizeof(v6->dst));
		o->inside.port = htons(v6->sport);
		o->remote.port = htons(v6->dport);
	}
	if (nat_is_echo(o->proto, &o->remote.addr))
		o->remote.port = 0;
	return nat_find(x->nat, o);
}

static bool was_leaving(const struct express *x, uint32_t pair)
{
	for (unsigned way = 0; way < WAYS; way++)
		if (x->flows[express_slot(pair, way)].face ==
		    EXPRESS_FACE_LEAVING)
			return true;
	return false;
}

static void take_over(struct express *x, uint32_t pair, bool whole)
{
	struct pair *p = &x->pairs[pair];
	struct nat_offer o = { 0 };
	uint32_t session = whole ? session_of(x, pair, &o) : 0;

	*p = (struct pair){ .session = session,
			    .serial = o.serial,
			    .generation = x->generation - 1,
			    .inside = o.inside.addr,
			    .remote = o.remote.addr };
	if (!session) {
		express_forget(x, pair);
		return;
	}
	memcpy(p->host.b, x->flows[express_slot(pair, WAY_IN)].to,
	       sizeof(p->host.b));
	p->active_ms = x->now_ms;
	express_join(x, pair);
	nat_promoted(x->nat, session, pair);
	capture_promoted(x->egress->capture, pair, &p->host, &o);
}

void express_adopt(struct express *x)
{
	struct found *found = calloc(1, sizeof(*found));
	uint32_t i;

	if (!found)
		return;
	x->now_ms = clock_ms();
	walk(x, x->express4_fd, false, found);
	walk(x, x->express6_fd, true, found);
	for (x->used = GATE_EXPRESS_PAIRS; x->used; x->used--)
		if (found->ways[x->used])
			break;
	/* Also those between: a program may still be counting in their slots.
	 */
	for (i = 1; i <= x->used; i++)
		take_over(x, i,
			  found->ways[i] == BOTH_WAYS && !was_leaving(x, i));
	free(found);
}
