/* nameset.h - a set of domain names, a million of them if need be.
 *
 * A name is kept as 53 bits of its keyed hash, eight bytes in all: that two
 * names of a million are taken for one has odds of one to 10^10, and as the key
 * is secret nobody can aim at it. All sets of a process share the key. Built by
 * one thread, then read by any. */
#ifndef DNS_NAMESET_H
#define DNS_NAMESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../proto/dns_name.h"

#define NAMESET_TAGS 256 /* a tag says where a name came from */

struct nameset;

/* NULL: no memory. */
struct nameset *nameset_new(void);
void nameset_free(struct nameset *s);

/* 'name' is in lower case. 'below': the names under it as well. A name that is
 * there keeps its tag. -ENOMEM. */
int nameset_add(struct nameset *s, const struct dns_name *name, bool below,
		uint8_t tag);
/* No more will be added: gives back what room is left over. */
void nameset_seal(struct nameset *s);

/* A name and those above it, as all sets know them: made once, asked often. */
struct nameset_key {
	unsigned n;
	uint64_t hash[DNS_NAME_MAX / 2 + 1]; /* itself first */
};
/* 'name' is in lower case. */
void nameset_key(struct nameset_key *out, const struct dns_name *name);
/* Whether it is in the set, by itself or by one above it. */
bool nameset_find(const struct nameset *s, const struct nameset_key *key,
		  uint8_t *tag);
/* The same in one step. */
bool nameset_has(const struct nameset *s, const struct dns_name *name,
		 uint8_t *tag);

size_t nameset_count(const struct nameset *s);
size_t nameset_bytes(const struct nameset *s);

#endif
