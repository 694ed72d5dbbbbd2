/* asked.h - what LAN hosts asked resolvers beyond the gateway lately.
 *
 * So that of all that may come from a resolver's port, only answers are read to
 * what was asked: of that session, with that identifier, for that name. Each
 * host has so many places, of which the oldest question gives its own to a new
 * one; hosts may share them. Engine thread only. */
#ifndef ENGINE_ASKED_H
#define ENGINE_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/addr.h"
#include "../../base/hash.h"
#include "../packet/pkt.h"

#define ASKED_HOSTS 64
#define ASKED_EACH  64
#define ASKED_MS    10000 /* nobody waits for longer */

struct asked {
	struct hash_key key;
	struct asked_host {
		uint64_t tags[ASKED_EACH]; /* 0: free */
		uint32_t at_ms[ASKED_EACH];
		unsigned next; /* place for a new one */
	} hosts[ASKED_HOSTS];
};

/* 'p', UDP and whole, goes from a host to a resolver in the session that
 * 'serial' stands for; 'owner' is whose share that is of. */
void asked_note(struct asked *a, const struct addr *owner, uint32_t serial,
		const struct pkt *p, uint64_t now_ms);
/* The other way: does it say which addresses a name has that was asked for?
 * Once for each question. */
bool asked_answered(struct asked *a, const struct addr *owner, uint32_t serial,
		    const struct pkt *p, uint64_t now_ms);

#endif
