/* told.c - two tables with one place for each hash.
 * Called by gateway/flow_names.c. Control thread. */
#include "told.h"

#include <stdlib.h>
#include <string.h>

#include "../base/hash.h"

#define PLACES 8192 /* a power of two */

struct answer {
	uint64_t tag;
	uint64_t at_ms;
	uint32_t name;
};

struct told {
	struct hash_key key;
	struct answer answers[PLACES]; /* by device and address */
	uint64_t asked[PLACES];	       /* by device and name */
};

struct told *told_new(void)
{
	struct told *t = calloc(1, sizeof(*t));

	if (t)
		hash_key_random(&t->key);
	return t;
}

void told_free(struct told *t)
{
	free(t);
}

/* Never 0, which is nobody's. */
static uint64_t tag_of(const struct told *t, const struct mac *mac,
		       const struct addr *device, const void *what, size_t len)
{
	uint8_t key[sizeof(struct addr) * 2] = { 0 };

	if (mac_is_zero(mac))
		memcpy(key, device, sizeof(*device));
	else
		memcpy(key, mac, sizeof(*mac));
	memcpy(key + sizeof(struct addr), what, len);
	return hash_bytes(&t->key, key, sizeof(struct addr) + len) | 1;
}

static size_t place_of(uint64_t tag)
{
	return tag / 2 % PLACES;
}

bool told_note(struct told *t, const struct mac *mac, const struct addr *device,
	       uint32_t name, const struct addr *at, uint64_t now_ms)
{
	uint64_t tag = tag_of(t, mac, device, at, sizeof(*at));
	uint64_t asked = tag_of(t, mac, device, &name, sizeof(name));
	struct answer *a = &t->answers[place_of(tag)];

	t->asked[place_of(asked)] = asked;
	if (a->tag == tag && a->name == name &&
	    now_ms - a->at_ms < TOLD_AGAIN_MS)
		return false;
	*a = (struct answer){ tag, now_ms, name };
	return true;
}

void told_lost(struct told *t, const struct mac *mac, const struct addr *device,
	       const struct addr *at)
{
	uint64_t tag = tag_of(t, mac, device, at, sizeof(*at));
	struct answer *a = &t->answers[place_of(tag)];

	if (a->tag == tag)
		a->tag = 0;
}

bool told_knows(const struct told *t, const struct mac *mac,
		const struct addr *device, uint32_t name)
{
	uint64_t asked = tag_of(t, mac, device, &name, sizeof(name));

	return t->asked[place_of(asked)] == asked;
}
