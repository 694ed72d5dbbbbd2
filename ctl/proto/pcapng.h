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

#define PCAPNG_TEXT_MAX 1024
#define PCAPNG_ETHERNET 1 /* link type */
/* Bytes of a block around its data and texts, and of a text around its own. */
#define PCAPNG_BLOCK_MAX   160
#define PCAPNG_TEXT_AROUND 7

/* What people shall know of a block. */
struct pcapng_comments {
	unsigned n;
	const char *const *texts;
};

/* Who wrote it; NULL: not said. */
struct pcapng_section {
	struct pcapng_comments comments;
	const char *hardware, *os, *application;
};

/* The first of them is number 0. 'filter' is in the words of pcap-filter(7). */
struct pcapng_interface {
	struct pcapng_comments comments;
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
	struct pcapng_comments comments;
};

/* What an address is called. */
struct pcapng_name {
	struct addr addr;
	const char *name;
};

/* Packets, from the start of the capture to its end. */
struct pcapng_statistics {
	uint32_t interface;
	uint64_t at_ns, start_ns, end_ns;
	uint64_t received;   /* that the interface had */
	uint64_t dropped;    /* of those: by the interface, and not captured */
	uint64_t accepted;   /* by the filter */
	uint64_t os_dropped; /* captured, but there was no room for them */
	uint64_t delivered;  /* written here */
	struct pcapng_comments comments;
};

void pcapng_section(struct wr *w, const struct pcapng_section *s);
void pcapng_interface(struct wr *w, const struct pcapng_interface *i);
void pcapng_packet(struct wr *w, const struct pcapng_packet *p);
/* None: nothing is written. */
void pcapng_names(struct wr *w, const struct pcapng_name *names, unsigned n);
void pcapng_statistics(struct wr *w, const struct pcapng_statistics *s);

#endif
