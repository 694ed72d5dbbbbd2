/* capture_store.h - the flight recorder's memory: an anonymous file in chunks,
 * which the process that a restart starts takes over.
 *
 *   head | a row a device | a row a chunk | chunks
 *
 * All is reserved at once and touched as used. What a predecessor left is
 * checked in every field: it was written by another program, of another
 * version perhaps. Control thread; its rows are the engine's (capture.c). */
#ifndef ENGINE_CAPTURE_STORE_H
#define ENGINE_CAPTURE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "captured.h"

#define CAPTURE_DEVICES	   1024
#define CAPTURE_MIB_MAX	   4096
#define CAPTURE_CHUNKS_MAX (CAPTURE_MIB_MAX * (1024u * 1024 / CAPTURED_CHUNK))

/* Any change of a record's layout, or of what its fields mean, raises it. */
#define CAPTURE_LAYOUT 2

struct capture_device {
	struct mac mac; /* zero: the row is free */
	uint8_t settled;
	uint8_t pad;
	uint64_t since_ns; /* when it was first heard */
	/* since then; not kept: the express lane carried them */
	uint64_t kept_packets, kept_bytes, missed_packets, missed_bytes;
	uint64_t overwritten; /* packets that newer ones took the place of */
};

struct capture_chunk {
	uint64_t serial;  /* larger is later; 0: the chunk is free */
	uint32_t owner;	  /* device's number */
	uint32_t used;	  /* bytes of whole records */
	uint32_t packets; /* among them */
	uint32_t pad;
};

struct capture_store {
	int fd;
	void *memory;
	size_t len;
	uint32_t chunks_n;
	uint32_t *bump;	 /* chunks ever used: those behind are free, and cold */
	uint64_t *names; /* names_line() of what labels mean; 0: nothing */
	struct capture_device *devices; /* [CAPTURE_DEVICES] */
	struct capture_chunk *chunks;	/* [CAPTURE_CHUNKS_MAX] */
	uint8_t *data;
};

/* Empty. 0 or -errno: there is no memory of that kind. */
int capture_store_make(struct capture_store *s);
/* Takes over the memory behind 'fd' and frees whatever of it is not whole, also
 * the names' numbers if they are not of the line 'names'. -EPROTO: it is of
 * another layout; -EBADMSG: it is none of ours. 'fd' stays the caller's then.
 */
int capture_store_open(struct capture_store *s, int fd, uint64_t names);
void capture_store_close(struct capture_store *s);

static inline uint8_t *capture_store_at(const struct capture_store *s,
					uint32_t chunk)
{
	return s->data + (size_t)chunk * CAPTURED_CHUNK;
}

/* Whose bytes 'at' is among. */
static inline struct capture_chunk *
capture_store_chunk(const struct capture_store *s, const void *at)
{
	return &s->chunks[(size_t)((const uint8_t *)at - s->data) /
			  CAPTURED_CHUNK];
}

/* Gets all of the chunk's pages at once, which costs less than one by one as
 * they are touched. */
void capture_store_warm(const struct capture_store *s, uint32_t chunk);
/* Gives the chunk's pages back to the machine. */
void capture_store_cool(const struct capture_store *s, uint32_t chunk);

#endif
