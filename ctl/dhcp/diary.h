/* diary.h - what happened on the LAN that its owner should know: a bounded list
 * of the latest, for the API and the page. Control thread only. */
#ifndef DHCP_DIARY_H
#define DHCP_DIARY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"

#define DIARY_MAX      64
#define DIARY_FILE_MAX (1u << 14)

/* kind, name in the API */
/* clang-format off */
#define DIARY_KINDS(X)                                                         \
	X(CONFLICT, "conflict")	  /* two devices use one address */            \
	X(IN_USE, "in_use")	  /* a stranger had it before it was given */  \
	X(DECLINED, "declined")	  /* a client found it in use */               \
	X(EXHAUSTED, "exhausted") /* no address was left */                    \
	X(RIVAL, "rival")	  /* another server answers */                 \
	X(RIVAL_GONE, "rival_gone")

enum diary_kind {
#define X(id, name) DIARY_##id,
	DIARY_KINDS(X)
#undef X
	DIARY_KINDS_N
};
/* clang-format on */

struct diary_entry {
	uint64_t wall_ms;
	enum diary_kind kind;
	__be32 ip;	  /* 0: it is about none */
	struct mac mac;	  /* whose it is, or who asked; zero: unknown */
	struct mac other; /* who has it too; zero: unknown */
};

struct diary {
	unsigned total; /* ever written */
	bool changed;
	struct diary_entry ring[DIARY_MAX];
};

void diary_note(struct diary *d, const struct diary_entry *e);
unsigned diary_count(const struct diary *d);
/* The i-th latest, below diary_count(). */
const struct diary_entry *diary_at(const struct diary *d, unsigned i);
const char *diary_name(enum diary_kind kind);

/* ---- the file (diary_file.c); as devices/devices.h has it */
bool diary_changed(struct diary *d);
void *diary_write(const struct diary *d, size_t *len);
int diary_read(struct diary *d, const void *data, size_t len);

#endif
