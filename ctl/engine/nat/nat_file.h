/* nat_file.h - the memory that mappings and sessions stand in: anonymous, or a
 * file on a tmpfs, so that they outlive the process.
 *
 * A file is never mended in place. Who starts opens the old one read-only,
 * copies what is good into a new one and puts that in its place; killed in
 * between, the old one is there as it was. Control thread; no state. */
#ifndef ENGINE_NAT_FILE_H
#define ENGINE_NAT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "nat_ports.h"

/* Any change of a record's layout, or of what its fields mean, raises it. */
#define NAT_FILE_LAYOUT 2

struct mapping;
struct session;

struct nat_file_head {
	uint8_t magic[8];
	uint32_t layout;
	uint32_t mapping_size, session_size, hold_size;
	uint32_t mappings_max, sessions_max;
	uint8_t boot[40]; /* the kernel's boot_id, text */
	uint64_t names;	  /* names_line() of what labels mean; 0: nothing */
	/* engine thread */
	uint64_t wan; /* address, and the sessions' epoch above it */
	uint32_t mappings_bump, sessions_bump; /* records ever used */
};

struct nat_file {
	void *memory;
	size_t len;
	int fd; /* -1: anonymous */
	struct nat_file_head *head;
	struct mapping *mappings;
	struct session *sessions;
	struct port_hold *holds; /* [GATE_BITS_PROTOS * PORTS_SPACE] */
	uint32_t *labels;	 /* by session, for who comes after */
};

/* All zero but the head. 'path' NULL: anonymous; else path + ".new". 0 or
 * -errno; a file's owner holds a lock on it. */
int nat_file_make(struct nat_file *f, const char *path, uint32_t mappings_max,
		  uint32_t sessions_max);
/* Read-only. -ENOENT: there is none; -EBUSY: its engine lives; -ESTALE: another
 * boot; -EPROTO: another layout; -EBADMSG: broken. */
int nat_file_open(struct nat_file *f, const char *path);
/* path + ".new" takes the place of 'path'. */
int nat_file_settle(const char *path);
void nat_file_close(struct nat_file *f);

#endif
