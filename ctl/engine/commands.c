/* commands.c - what the control thread tells the engine.
 * Called by worker.c, at the begin of each turn and after the last. Engine
 * thread, or the control thread while the engine is stopped. */
#include "commands.h"

/* All that waited without a bell, and some: packets come after them. */
#define COMMANDS_A_TURN (2 * MAILBOX_QUIET)

static void obey_neigh(struct worker *w, const struct engine_command *c,
		       uint64_t now_ms)
{
	if (!mac_is_zero(&c->mac))
		neigh_learn(w->neigh, c->ifindex, &c->addr, &c->mac, now_ms);
	else if (c->failed)
		neigh_fail(w->neigh, c->ifindex, &c->addr, now_ms);
	else
		neigh_forget(w->neigh, c->ifindex, &c->addr);
}

static void obey_fdb(struct worker *w, const struct engine_command *c,
		     uint64_t now_ms)
{
	int port = ports_find(&w->ports, c->ifindex);
	uint8_t lan;

	if (port == PORT_NONE)
		return;
	lan = w->ports.ports[port].info.lan;
	if (c->gone)
		fdb_forget(w->fdb, lan, &c->mac, (uint8_t)port);
	else
		fdb_follow(w->fdb, lan, &c->mac, (uint8_t)port, now_ms);
}

static void obey_answer(struct worker *w, const struct engine_command *c,
			uint64_t now_ms)
{
	const struct nat_told told = {
		.mac = c->mac,
		.host = c->device,
		.remote = c->addr,
		.before = labels_find(w->labels, &c->mac, &c->device, &c->addr,
				      now_ms),
		.label = c->label,
		.since_ms = c->since_ms,
	};

	labels_learn(w->labels, &c->mac, &c->device, &c->addr, c->label,
		     c->ttl_s, now_ms);
	if (c->since_ms)
		nat_label_late(w->nat, &told);
}

static void obey(struct worker *w, const struct engine_command *c,
		 uint64_t now_ms)
{
	switch (c->kind) {
	case CMD_NEIGH:
		obey_neigh(w, c, now_ms);
		express_changed(w->express);
		break;
	case CMD_NEIGHS_FLUSH:
		neigh_flush(w->neigh, c->ifindex);
		express_changed(w->express);
		break;
	case CMD_FDB:
		obey_fdb(w, c, now_ms);
		break;
	case CMD_ANSWER:
		obey_answer(w, c, now_ms);
		break;
	case CMD_LABEL:
		nat_set_label(w->nat, c->session, c->serial, c->label, c->weak);
		break;
	case CMD_DUMP:
		*w->dumps_end = c->dump;
		w->dumps_end = &(*w->dumps_end)->next;
		break;
	case CMD_CAPTURE:
		*w->reads_end = c->dump;
		w->reads_end = &(*w->reads_end)->next;
		break;
	}
}

bool commands_take(struct worker *w, uint64_t now_ms)
{
	struct engine_command c;

	for (unsigned n = 0; n < COMMANDS_A_TURN; n++) {
		if (!mailbox_next_command(&w->mailbox, &c))
			return false;
		obey(w, &c, now_ms);
	}
	return true;
}
