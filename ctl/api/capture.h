/* capture.h - from a device's kept packets to a pcapng file. Private to api/.
 *
 *   capture.c ─► capture_blocks.c
 *   who asks, and the steps │ records to blocks, in memory that grows */
#ifndef API_CAPTURE_H
#define API_CAPTURE_H

#include "room.h"

#define CAPTURE_WISH_ADDRS 256
#define CAPTURE_NOTES	   6 /* that wait for a packet to be told with */
#define CAPTURE_NOTE_MAX   256
#define CAPTURE_KNOWN	   4096 /* pairs of address and name already told */

/* What is asked for. */
struct capture_wish {
	struct mac device;
	uint64_t from_ns, until_ns;
	bool by_addr;
	struct addr remote;
	char name[NAMES_LEN_MAX + 1]; /* "": none */
	/* Those that go by the name, found in a first round. */
	unsigned addrs_n;
	struct addr addrs[CAPTURE_WISH_ADDRS];
};

struct capture_blocks {
	struct capture_wish wish;
	const struct names *names;
	char device[CLIENT_TEXT_MAX]; /* its name */
	struct mac gateway;

	/* blocks not taken yet */
	uint8_t *out;
	size_t len, room;

	uint64_t accepted;
	bool past; /* a record is younger than what was asked for */
	bool cut, gso;
	unsigned notes_n, notes_lost;
	char notes[CAPTURE_NOTES][CAPTURE_NOTE_MAX];
	uint64_t known[CAPTURE_KNOWN]; /* hashes; 0: free */
	unsigned known_n;
};

/* All of these: -ENOMEM, else 0. */
int capture_blocks_begin(struct capture_blocks *b);
/* Turns a chunk's records into blocks. */
int capture_blocks_add(struct capture_blocks *b, struct capture_read *r);
int capture_blocks_end(struct capture_blocks *b,
		       const struct capture_counts *counts);
/* Before: which addresses go by the name that is wished for. */
void capture_blocks_look(struct capture_blocks *b, struct capture_read *r);
void capture_blocks_free(struct capture_blocks *b);

#endif
