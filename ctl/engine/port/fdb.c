/* fdb.c - the engine's forwarding database of bridged LANs.
 * Called by worker.c (learn, follow) and egress.c (find). Engine thread only.
 * Invariant: one entry at most for a (LAN, MAC). */
#include "fdb.h"

#include <stdlib.h>

#include "../slots.h"

struct entry {
	struct mac mac;
	uint8_t lan, port;
	uint8_t told_port;
	bool told;
	uint64_t seen_ms, told_ms;
};

struct fdb {
	struct hash_key key;
	struct slots slots;
	uint64_t window_ms; /* when the count of 'tells' began */
	unsigned tells;
	uint32_t moves;
	struct entry entries[FDB_MAX];
};

struct fdb *fdb_new(const struct hash_key *key)
{
	struct fdb *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->key = *key;
	if (slots_init(&f->slots, FDB_MAX)) {
		free(f);
		return NULL;
	}
	return f;
}

void fdb_free(struct fdb *f)
{
	if (!f)
		return;
	slots_fini(&f->slots);
	free(f);
}

void fdb_clear(struct fdb *f)
{
	while (f->slots.used)
		slots_del(&f->slots, slots_oldest(&f->slots, 0));
}

static uint32_t hash_of(const struct fdb *f, uint8_t lan, const struct mac *mac)
{
	struct {
		struct mac mac;
		uint8_t lan;
	} key = { *mac, lan };

	return (uint32_t)hash_bytes(&f->key, &key, sizeof(key));
}

static uint32_t find(const struct fdb *f, uint32_t hash, uint8_t lan,
		     const struct mac *mac)
{
	uint32_t i = slots_first(&f->slots, hash);

	for (; i != SLOTS_NONE; i = slots_next(&f->slots, i))
		if (f->entries[i].lan == lan && mac_eq(&f->entries[i].mac, mac))
			break;
	return i;
}

static uint32_t add(struct fdb *f, uint32_t hash)
{
	if (f->slots.used == FDB_MAX)
		slots_del(&f->slots, slots_oldest(&f->slots, 0));
	return slots_add(&f->slots, hash, 0);
}

static bool worth_telling(const struct entry *e, uint64_t now_ms)
{
	if (!e->told)
		return true;
	return now_ms - e->told_ms >=
	       (e->port == e->told_port ? FDB_TELL_MS : FDB_MOVE_MS);
}

static bool tell(struct fdb *f, struct entry *e, uint64_t now_ms)
{
	if (!worth_telling(e, now_ms))
		return false;
	if (now_ms - f->window_ms >= FDB_MOVE_MS) {
		f->window_ms = now_ms;
		f->tells = 0;
	}
	if (f->tells >= FDB_TELLS)
		return false;
	f->tells++;
	e->told = true;
	e->told_ms = now_ms;
	e->told_port = e->port;
	return true;
}

bool fdb_learn(struct fdb *f, uint8_t lan, const struct mac *mac, uint8_t port,
	       uint64_t now_ms)
{
	uint32_t hash, i;
	struct entry *e;

	/* A group address is nobody's source (IEEE 802.3 3.2.5). */
	if (mac->b[0] & 1 || mac_is_zero(mac))
		return false;
	hash = hash_of(f, lan, mac);
	i = find(f, hash, lan, mac);
	if (i == SLOTS_NONE) {
		i = add(f, hash);
		f->entries[i] = (struct entry){ .mac = *mac, .lan = lan };
	}
	e = &f->entries[i];
	if (e->seen_ms != now_ms)
		slots_touch(&f->slots, i, 0);
	e->seen_ms = now_ms;
	f->moves += e->port != port;
	e->port = port;
	return tell(f, e, now_ms);
}

/* The kernel knows what it told: a frame from elsewhere is news to it. */
void fdb_follow(struct fdb *f, uint8_t lan, const struct mac *mac, uint8_t port,
		uint64_t now_ms)
{
	uint32_t i = find(f, hash_of(f, lan, mac), lan, mac);
	struct entry *e;

	if (i == SLOTS_NONE)
		return;
	e = &f->entries[i];
	slots_touch(&f->slots, i, 0);
	e->seen_ms = now_ms;
	f->moves += e->port != port;
	e->port = port;
	e->told_port = port;
}

void fdb_forget(struct fdb *f, uint8_t lan, const struct mac *mac, uint8_t port)
{
	uint32_t i = find(f, hash_of(f, lan, mac), lan, mac);

	if (i == SLOTS_NONE || f->entries[i].port != port)
		return;
	f->moves++;
	slots_del(&f->slots, i);
}

uint32_t fdb_moves(const struct fdb *f)
{
	return f->moves;
}

int fdb_find(const struct fdb *f, uint8_t lan, const struct mac *mac,
	     uint64_t now_ms)
{
	uint32_t i = find(f, hash_of(f, lan, mac), lan, mac);

	if (i == SLOTS_NONE || now_ms - f->entries[i].seen_ms >= FDB_AGE_MS)
		return -1;
	return f->entries[i].port;
}
