/* capture.h - from a device's kept packets to a pcapng file. Private to api/.
 *
 *   capture.c ─► capture_blocks.c    records to blocks, in memory that grows
 *   who asks,        ├─► capture_wish.c    which of them, and whose they are
 *   and the steps    └─► capture_notes.c   what is not there, in words */
#ifndef API_CAPTURE_H
#define API_CAPTURE_H

#include "room.h"

#define CAPTURE_WISH_ADDRS 256
#define CAPTURE_FILTER_MAX 320
#define CAPTURE_GAPS	   32 /* that wait for a packet of their flow */
#define CAPTURE_TEXTS	   (CAPTURE_GAPS + 8) /* comments of a block */
#define CAPTURE_TEXT_MAX   384
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

/* Comments of the block that is about to be written. */
struct capture_texts {
	unsigned n;
	const char *at[CAPTURE_TEXTS];
	char text[CAPTURE_TEXTS][CAPTURE_TEXT_MAX];
};

/* What the lane carried of a flow, and when that was over. */
struct capture_gap {
	struct captured_gap flow;
	uint64_t until_ns;
};

struct capture_tally {
	uint64_t seen_packets, seen_bytes; /* that were still there */
	uint64_t accepted;		   /* of those: written */
	uint64_t cut, gso;		   /* of those */
};

struct capture_blocks {
	struct capture_wish wish;
	const struct names *names;
	char device[CLIENT_TEXT_MAX]; /* its name */

	/* blocks not taken yet */
	uint8_t *out;
	size_t len, room;

	struct capture_tally tally;
	struct capture_texts texts;
	/* The longest-waiting first; those for which there was no room are
	 * one. */
	unsigned gaps_n, gaps_lost;
	struct capture_gap gaps[CAPTURE_GAPS];
	struct captured_gap lost;
	uint64_t known[CAPTURE_KNOWN]; /* hashes; 0: free */
	unsigned known_n;
};

/* capture_blocks.c. All of these: -ENOMEM, else 0. */
/* With what the first question was answered. */
int capture_blocks_begin(struct capture_blocks *b,
			 const struct capture_read *r);
/* Turns a chunk's records into blocks. */
int capture_blocks_add(struct capture_blocks *b, struct capture_read *r);
int capture_blocks_end(struct capture_blocks *b,
		       const struct capture_counts *counts);
void capture_blocks_free(struct capture_blocks *b);

/* capture_wish.c */
/* A packet's two ends. */
struct capture_ends {
	bool known;    /* the addresses */
	uint8_t proto; /* with ports: TCP or UDP, or an echo's; else 0 */
	struct endpoint local, remote;
};
struct capture_ends capture_ends_of(struct captured *rec);
/* Before all: which addresses go by the name that is wished for. */
void capture_wish_look(struct capture_blocks *b, struct capture_read *r);
/* Not everything of the device? */
bool capture_wish_narrows(const struct capture_wish *w);
bool capture_is_wanted(const struct capture_blocks *b,
		       const struct addr *remote, uint32_t label);
/* The wish as pcap-filter(7) would have it. */
void capture_wish_filter(const struct capture_wish *w,
			 char out[CAPTURE_FILTER_MAX]);
/* NULL: it has none. */
const char *capture_name_of(const struct capture_blocks *b, uint32_t label);
/* Can be shown as it is, by terminals too. */
bool capture_is_plain(const char *name);

/* capture_notes.c: what goes into 'b->texts'. */
/* Of the whole file. */
void capture_notes_begin(struct capture_blocks *b,
			 const struct capture_read *r);
/* Marks the packets behind which their flow takes the lane. */
void capture_notes_mark(struct capture_read *r);
/* A gap, to be told with its flow's next packet. */
void capture_notes_gap(struct capture_blocks *b, struct captured *rec);
void capture_notes_packet(struct capture_blocks *b, const struct captured *rec,
			  const struct capture_ends *ends);
void capture_notes_end(struct capture_blocks *b,
		       const struct capture_counts *c);
/* Packets that were kept and have gone since. */
uint64_t capture_overwritten(const struct capture_blocks *b,
			     const struct capture_counts *c);

#endif
