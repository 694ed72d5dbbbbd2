/* pcapng.h - writes capture files of the next generation (draft-ietf-opsawg-
 * pcapng): one section, whose blocks come in any order but the first two.
 *
 * Little-endian, times in nanoseconds. Each call writes one whole block, or
 * sets 'bad' where it does not fit. Texts are UTF-8; one that is longer than
 * PCAPNG_TEXT_MAX is cut. Pure. */
#ifndef PROTO_PCAPNG_H
#define PROTO_PCAPNG_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/bytes.h"

#define PCAPNG_TEXT_MAX	    1024
#define PCAPNG_COMMENTS_MAX 8
#define PCAPNG_ETHERNET	    1 /* link type */
/* Bytes of a block around its data and texts. */
#define PCAPNG_BLOCK_MAX 128

/* Who wrote it; NULL: not said. */
struct pcapng_section {
	const char *hardware, *os, *application;
};

/* The first of them is number 0. */
struct pcapng_interface {
	const char *name, *description, *filter, *os;
	uint32_t snaplen;
	const struct mac *mac; /* NULL: not said */
};

enum pcapng_direction { PCAPNG_INBOUND = 1, PCAPNG_OUTBOUND = 2 };

struct pcapng_packet {
	uint32_t interface;
	uint64_t at_ns;
	const uint8_t *data;
	uint32_t kept, len; /* bytes that are here; that it had */
	enum pcapng_direction direction;
	unsigned comments_n; /* at most PCAPNG_COMMENTS_MAX */
	const char *comments[PCAPNG_COMMENTS_MAX];
};

/* What an address is called. */
struct pcapng_name {
	struct addr addr;
	const char *name;
};

struct pcapng_statistics {
	uint32_t interface;
	uint64_t at_ns, start_ns, end_ns;
	uint64_t received;  /* packets that the interface had */
	uint64_t dropped;   /* of those: not captured */
	uint64_t accepted;  /* by the filter */
	uint64_t delivered; /* written here */
	unsigned comments_n;
	const char *comments[PCAPNG_COMMENTS_MAX];
};

void pcapng_section(struct wr *w, const struct pcapng_section *s);
void pcapng_interface(struct wr *w, const struct pcapng_interface *i);
void pcapng_packet(struct wr *w, const struct pcapng_packet *p);
/* None: nothing is written. */
void pcapng_names(struct wr *w, const struct pcapng_name *names, unsigned n);
void pcapng_statistics(struct wr *w, const struct pcapng_statistics *s);

#endif
