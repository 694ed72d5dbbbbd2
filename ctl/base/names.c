/* names.c - interned texts, found by their bytes and by their number.
 *
 * Called by gateway, history and api. A number is a slot and, above it, how
 * often the slot was used; a slot whose numbers are spent is used no more. Free
 * slots and names that nobody holds stand in one list each, oldest first.
 * Invariant: a slot is free, spent, idle (in the list of idle ones) or held;
 * those that are idle or held are in the hash. */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "names_file.h"

/* Slot 0 is the head of the lists and nobody's. */
struct name {
	char *text;
	uint32_t id;
	uint32_t held;
	uint32_t chain; /* next slot of the bucket */
	uint32_t next, prev;
	uint32_t tag; /* of its hash */
};

struct names {
	uint32_t max;
	uint32_t mask; /* buckets - 1 */
	uint32_t bump; /* slots 1 … bump were used */
	uint32_t count;
	uint32_t held_n;
	struct hash_key key;
	struct name *slots; /* [max] */
	uint32_t *buckets;
	uint32_t spare; /* slots given up, the first given up first */
	uint32_t spare_end;
	struct names_file file; /* the same, for who comes after */
};

struct names *names_new(uint32_t max)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->max = max;
	n->mask = max - 1;
	hash_key_random(&n->key);
	n->slots = calloc(max, sizeof(*n->slots));
	n->buckets = calloc(max, sizeof(*n->buckets));
	if (n->slots && n->buckets)
		return n;
	names_free(n);
	return NULL;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	for (uint32_t i = 1; n->slots && i <= n->bump; i++)
		free(n->slots[i].text);
	names_file_close(&n->file);
	free(n->slots);
	free(n->buckets);
	free(n);
}

/* ---- idle ones, the longest idle behind slot 0 */

static void idle_add(struct names *n, uint32_t i)
{
	struct name *head = &n->slots[0], *x = &n->slots[i];

	x->next = 0;
	x->prev = head->prev;
	n->slots[x->prev].next = i;
	head->prev = i;
}

static void idle_del(struct names *n, uint32_t i)
{
	const struct name *x = &n->slots[i];

	n->slots[x->prev].next = x->next;
	n->slots[x->next].prev = x->prev;
}

/* ---- slots */

/* The slot of a live number, or 0. */
static uint32_t slot_of(const struct names *n, uint32_t id)
{
	uint32_t i = id & n->mask;

	return i && n->slots[i].text && n->slots[i].id == id ? i : 0;
}

/* A number's turn comes once: then the slot is spent. */
static void spare_add(struct names *n, uint32_t i)
{
	struct name *x = &n->slots[i];

	if (x->id > UINT32_MAX - n->max)
		return;
	x->next = 0;
	if (n->spare)
		n->slots[n->spare_end].next = i;
	else
		n->spare = i;
	n->spare_end = i;
}

static void give_up(struct names *n, uint32_t i)
{
	struct name *x = &n->slots[i];
	uint32_t *at = &n->buckets[x->tag & n->mask];

	idle_del(n, i);
	while (*at != i)
		at = &n->slots[*at].chain;
	*at = x->chain;
	free(x->text);
	x->text = NULL;
	n->count--;
	names_file_clear(&n->file, i);
	spare_add(n, i);
}

/* 0: all are held, or spent. */
static uint32_t take(struct names *n)
{
	uint32_t i;

	if (n->bump + 1 < n->max) {
		i = ++n->bump;
		n->slots[i].id = i;
		return i;
	}
	while (!n->spare && n->slots[0].next)
		give_up(n, n->slots[0].next);
	i = n->spare;
	if (!i)
		return 0;
	n->spare = n->slots[i].next;
	n->slots[i].id += n->max;
	return i;
}

static bool is_text(const struct name *x, const char *text, size_t len)
{
	return !strncmp(x->text, text, len) && !x->text[len];
}

static uint32_t find(const struct names *n, uint32_t tag, const char *text,
		     size_t len)
{
	uint32_t i = n->buckets[tag & n->mask];

	while (i &&
	       (n->slots[i].tag != tag || !is_text(&n->slots[i], text, len)))
		i = n->slots[i].chain;
	return i;
}

/* 'text' is the slot's from here on. */
static void put(struct names *n, uint32_t i, uint32_t tag, char *text)
{
	struct name *x = &n->slots[i];

	x->text = text;
	x->tag = tag;
	x->held = 0;
	x->chain = n->buckets[tag & n->mask];
	n->buckets[tag & n->mask] = i;
	n->count++;
}

static uint32_t make(struct names *n, uint32_t tag, const char *text,
		     size_t len)
{
	char *copy = strndup(text, len);
	uint32_t i = copy ? take(n) : 0;

	if (!i) {
		free(copy);
		return 0;
	}
	put(n, i, tag, copy);
	names_file_put(&n->file, i, n->slots[i].id, copy, len);
	return i;
}

/* ---- from one process to the next */

/* A slot that was used is what it was, or spare: its last number is known. */
static void adopt(struct names *n, uint32_t i)
{
	const struct name_record *r = &n->file.records[i];
	const char *text = names_file_text(r);
	size_t len = text ? strlen(text) : 0;
	uint32_t tag = (uint32_t)hash_bytes(&n->key, text ? text : "", len);
	char *copy = NULL;

	n->slots[i].id = (r->id & n->mask) == i ? r->id : i;
	if (n->slots[i].id == r->id && text && !find(n, tag, text, len))
		copy = strdup(text);
	if (!copy) {
		names_file_put(&n->file, i, n->slots[i].id, "", 0);
		spare_add(n, i);
		return;
	}
	put(n, i, tag, copy);
	idle_add(n, i);
}

int names_keep(struct names *n, const char *path)
{
	uint32_t last = n->max - 1;
	int rc = names_file_open(&n->file, path, n->max);

	if (rc)
		return rc;
	while (last && !n->file.records[last].id)
		last--;
	n->bump = last;
	for (uint32_t i = 1; i <= last; i++)
		adopt(n, i);
	return 0;
}

uint64_t names_line(const struct names *n)
{
	return n->file.line;
}

/* ---- what the house asks */

uint32_t names_id(struct names *n, const char *text, size_t len)
{
	uint32_t tag, i;

	if (!len || len > NAMES_LEN_MAX || memchr(text, 0, len))
		return 0;
	tag = (uint32_t)hash_bytes(&n->key, text, len);
	i = find(n, tag, text, len);
	if (i && !n->slots[i].held)
		idle_del(n, i);
	if (!i)
		i = make(n, tag, text, len);
	if (!i)
		return 0;
	if (!n->slots[i].held)
		idle_add(n, i);
	return n->slots[i].id;
}

void names_hold(struct names *n, uint32_t id)
{
	uint32_t i = slot_of(n, id);

	if (!i || n->slots[i].held++)
		return;
	idle_del(n, i);
	n->held_n++;
}

void names_drop(struct names *n, uint32_t id)
{
	uint32_t i = slot_of(n, id);

	if (!i || !n->slots[i].held || --n->slots[i].held)
		return;
	idle_add(n, i);
	n->held_n--;
}

bool names_has_place(const struct names *n, uint32_t id)
{
	return n->held_n <= n->max / 2 || n->slots[slot_of(n, id)].held > 1;
}

const char *names_text(const struct names *n, uint32_t id)
{
	return n->slots[slot_of(n, id)].text;
}

uint32_t names_count(const struct names *n)
{
	return n->count;
}
