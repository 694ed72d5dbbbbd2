/* segment.c - see segment.h. Called by history.c and store.c (control thread),
 * read by query.c (any thread).
 * Invariant: 'log_n' and 'dict_n' are the ends of whole entries. */
#include "segment.h"

#include <stdlib.h>
#include <string.h>

#define KIND_OTHERS 0
#define KIND_V4	    1
#define KIND_V6	    2
#define KIND_NAMED  0x80
#define PAIR_MAX    (1 + VARINT_MAX + 16)
#define ENTRY_MAX   (5 * VARINT_MAX)
#define SPAN_MAX    (1u << 22) /* steps of a segment: four days of ticks */

struct segment *segment_new(unsigned tier, uint64_t base_ms, uint32_t serial)
{
	struct segment *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->refs = 1;
	s->serial = serial;
	s->tier = (uint8_t)tier;
	s->base_ms = base_ms - base_ms % tier_step_ms(TIER_MINUTE);
	s->first = UINT32_MAX;
	return s;
}

void segment_unref(struct segment *s, struct names *names)
{
	if (!s || --s->refs)
		return;
	for (uint32_t i = 0; i < s->names_n; i++)
		names_drop(names, s->names[i].id);
	free(s->devices);
	free(s->names);
	free(s->dict);
	free(s->log);
	free(s);
}

/* ---- growing */

/* 'array' has 'room' places of 'size'; makes it at least 'need'. */
static bool reserve(void *array, uint32_t *room, size_t need, size_t size)
{
	size_t more = *room ? *room : 16;
	void *at, *bigger;

	if (need <= *room)
		return true;
	while (more < need)
		more += more / 2;
	memcpy(&at, array, sizeof(at));
	bigger = realloc(at, more * size);
	if (!bigger)
		return false;
	memcpy(array, &bigger, sizeof(bigger));
	*room = (uint32_t)more;
	return true;
}

uint32_t segment_device(struct segment *s, const struct mac *host)
{
	if (!reserve(&s->devices, &s->devices_room, s->devices_n + 1,
		     sizeof(*s->devices)))
		return SEGMENT_NONE;
	s->devices[s->devices_n] = *host;
	return s->devices_n++;
}

static bool add_name(struct segment *s, uint32_t label, struct names *names)
{
	const char *text = names_text(names, label);

	/* Names made up by the thousand leave room for what is called now. */
	if (!text || !names_has_place(names, label) ||
	    !reserve(&s->names, &s->names_room, s->names_n + 1,
		     sizeof(*s->names)))
		return false;
	names_hold(names, label);
	s->names[s->names_n++] = (struct segment_name){ text, label };
	return true;
}

static uint8_t kind_of(const struct addr *remote)
{
	if (!remote->q[0] && !remote->q[1])
		return KIND_OTHERS;
	return addr_is_v4(remote) ? KIND_V4 : KIND_V6;
}

uint32_t segment_pair(struct segment *s, uint32_t device,
		      const struct addr *remote, uint32_t label,
		      struct names *names)
{
	uint8_t kind = kind_of(remote), *at;

	if (device == SEGMENT_NONE ||
	    !reserve(&s->dict, &s->dict_room, s->dict_n + PAIR_MAX, 1))
		return SEGMENT_NONE;
	at = s->dict + s->dict_n;
	*at++ = label && add_name(s, label, names) ? kind | KIND_NAMED : kind;
	at = varint_put(at, device);
	if (kind == KIND_V4) {
		memcpy(at, remote->b + 12, 4);
		at += 4;
	} else if (kind == KIND_V6) {
		memcpy(at, remote->b, 16);
		at += 16;
	}
	s->dict_n = (uint32_t)(at - s->dict);
	return s->pairs_n++;
}

bool segment_reaches(const struct segment *s, uint64_t at_ms)
{
	return at_ms >= s->base_ms &&
	       (at_ms - s->base_ms) / tier_step_ms(s->tier) < SPAN_MAX;
}

bool segment_append(struct segment *s, uint64_t at_ms,
		    const struct segment_entry *entries, uint32_t n)
{
	uint32_t step =
		(uint32_t)((at_ms - s->base_ms) / tier_step_ms(s->tier));
	size_t need = s->log_n + 2 * VARINT_MAX + (size_t)n * ENTRY_MAX;
	uint32_t pair = 0;
	uint8_t *at;

	if (!reserve(&s->log, &s->log_room, need, 1))
		return false;
	at = varint_put(s->log + s->log_n,
			varint_fold((int64_t)step - (int64_t)s->step));
	at = varint_put(at, n);
	for (uint32_t i = 0; i < n; i++) {
		at = varint_put(at, entries[i].pair - pair);
		at = varint_put(at, entries[i].sum.rx_bytes);
		at = varint_put(at, entries[i].sum.tx_bytes);
		at = varint_put(at, entries[i].sum.rx_packets);
		at = varint_put(at, entries[i].sum.tx_packets);
		pair = entries[i].pair;
	}
	s->log_n = (uint32_t)(at - s->log);
	s->step = step;
	if (step < s->first)
		s->first = step;
	if (step > s->last)
		s->last = step;
	return true;
}

/* ---- sealing */

/* 'at', or the same in less room. */
static void *shrunk(void *at, uint32_t *room, uint32_t n, size_t size)
{
	void *smaller = n && n != *room ? realloc(at, n * size) : NULL;

	if (!smaller)
		return at;
	*room = n;
	return smaller;
}

void segment_trim(struct segment *s)
{
	s->devices = shrunk(s->devices, &s->devices_room, s->devices_n,
			    sizeof(*s->devices));
	s->names =
		shrunk(s->names, &s->names_room, s->names_n, sizeof(*s->names));
	s->dict = shrunk(s->dict, &s->dict_room, s->dict_n, 1);
	s->log = shrunk(s->log, &s->log_room, s->log_n, 1);
}

static void *copy_of(const void *from, size_t bytes)
{
	void *to = malloc(bytes + 1);

	if (to && bytes)
		memcpy(to, from, bytes);
	return to;
}

struct segment *segment_copy(const struct segment *s, struct names *names)
{
	struct segment *c = copy_of(s, sizeof(*s));

	if (!c)
		return NULL;
	c->refs = 1;
	c->names_n = 0;
	c->devices = copy_of(s->devices, s->devices_n * sizeof(*s->devices));
	c->names = copy_of(s->names, s->names_n * sizeof(*s->names));
	c->dict = copy_of(s->dict, s->dict_n);
	c->log = copy_of(s->log, s->log_n);
	if (!c->devices || !c->names || !c->dict || !c->log) {
		segment_unref(c, names);
		return NULL;
	}
	for (; c->names_n < s->names_n; c->names_n++)
		names_hold(names, s->names[c->names_n].id);
	return c;
}

/* ---- reading */

size_t segment_bytes(const struct segment *s)
{
	return sizeof(*s) + s->devices_room * sizeof(*s->devices) +
	       s->names_room * sizeof(*s->names) + s->dict_room + s->log_room;
}

bool segment_dict_next(struct segment_dict *d, const struct segment *s,
		       struct segment_pair *out)
{
	uint8_t kind;
	uint64_t device;

	if (d->r.p == d->r.end)
		return false;
	kind = rd_u8(&d->r);
	device = rd_varint(&d->r);
	out->remote = (struct addr){ 0 };
	if ((kind & ~KIND_NAMED) == KIND_V4) {
		out->remote = addr_v4(0);
		rd_bytes(&d->r, out->remote.b + 12, 4);
	} else if ((kind & ~KIND_NAMED) == KIND_V6) {
		rd_bytes(&d->r, out->remote.b, 16);
	} else if (kind & ~KIND_NAMED) {
		d->r.bad = true;
	}
	out->name = NULL;
	if (device >= s->devices_n ||
	    (kind & KIND_NAMED && d->named >= s->names_n))
		d->r.bad = true;
	if (d->r.bad)
		return false;
	out->host = &s->devices[device];
	if (kind & KIND_NAMED && s->names[d->named++].text)
		out->name = &s->names[d->named - 1];
	return true;
}

static bool check_dict(struct segment *s)
{
	struct segment_dict d = segment_dict(s);
	struct segment_pair pair;

	for (s->pairs_n = 0; segment_dict_next(&d, s, &pair);)
		s->pairs_n++;
	return !d.r.bad && d.named == s->names_n;
}

static bool check_log(struct segment *s)
{
	struct segment_log l = segment_log(s);
	struct segment_entry e;

	s->first = UINT32_MAX;
	s->last = 0;
	while (segment_log_step(&l)) {
		if (l.step >= SPAN_MAX || l.left > s->pairs_n)
			return false;
		while (l.left && !l.r.bad) {
			segment_log_entry(&l, &e);
			if (e.pair >= s->pairs_n)
				return false;
		}
		if (l.step < s->first)
			s->first = (uint32_t)l.step;
		if (l.step > s->last)
			s->last = (uint32_t)l.step;
	}
	return !l.r.bad;
}

bool segment_check(struct segment *s)
{
	return s->tier < TIERS && s->base_ms < (uint64_t)1 << 48 &&
	       s->base_ms % tier_step_ms(TIER_MINUTE) == 0 && check_dict(s) &&
	       check_log(s);
}
