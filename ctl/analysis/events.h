/* events.h - what happened that the owner should know, as sentences: few, kept,
 * each with a link to what it was seen by.
 *
 * Bounded, and so is how much of it there is to read: the same of the same
 * device again, within its kind's pause or once it has half of the kind's
 * number a day, is counted on the event that tells of it already; and of a kind
 * beyond that number, or of all beyond EVENTS_A_DAY, on the latest of that
 * kind. Pure: time is passed in, as civil milliseconds. Control thread. */
#ifndef ANALYSIS_EVENTS_H
#define ANALYSIS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"

#define EVENTS_MAX	512
#define EVENTS_A_DAY	30
#define EVENT_NAME_SIZE 64
#define EVENT_TEXT_SIZE 256
#define EVENT_LINK_SIZE 160
#define EVENTS_FILE_MAX (1u << 20)

/* kind, name in the API, pause in minutes for the same device, most in a day */
/* clang-format off */
#define EVENT_KINDS(X)                                                         \
	X(NEW_DEVICE, "new-device", 1440, 12)                                  \
	X(NEW_CROWD, "new-crowd", 1440, 1)                                     \
	X(NEW_COUNTRY, "new-country", 1440, 4)                                 \
	X(NEW_HOUR, "new-hour", 1440, 3)                                       \
	X(SCAN_LAN, "scan-lan", 360, 4)                                        \
	X(SCAN_INTERNET, "scan-internet", 360, 4)                              \
	X(UPLOAD, "upload", 360, 6)                                            \
	X(DNS_SILENT, "dns-silent", 60, 6)                                     \
	X(DNS_OWN, "dns-own", 360, 4)                                          \
	X(WAN_LOSS, "wan-loss", 60, 6)                                         \
	X(WAN_LATENCY, "wan-latency", 180, 4)                                  \
	X(DHCP_RIVAL, "dhcp-rival", 60, 4)                                     \
	X(ADDRESS_CONFLICT, "address-conflict", 60, 6)

enum event_kind {
#define X(id, name, pause, most) EVENT_##id,
	EVENT_KINDS(X)
#undef X
	EVENT_KINDS_N
};
/* clang-format on */

struct event {
	uint64_t id; /* grows; also over a lost file */
	uint64_t at_ms, last_ms;
	uint32_t times; /* of this device, this event included */
	uint32_t more;	/* of others, which have no event of their own */
	uint8_t kind;
	struct mac mac;		    /* zero: of no device */
	char name[EVENT_NAME_SIZE]; /* what the device was called; "": none */
	char text[EVENT_TEXT_SIZE];
	char link[EVENT_LINK_SIZE]; /* of the page: "#/device/MAC" */
};

struct events;

/* NULL: no memory. */
struct events *events_new(void);
void events_free(struct events *e);

/* Would one of this kind and device only be counted on another? Then it is,
 * and false: no sentence is needed. */
bool events_wanted(struct events *e, enum event_kind kind,
		   const struct mac *mac, uint64_t now_ms);
/* Keeps 'event', of which kind, mac and words are filled; the oldest gives way.
 * What it became, valid until the next. */
const struct event *events_add(struct events *e, const struct event *event,
			       uint64_t now_ms);

unsigned events_count(const struct events *e);
/* The i-th latest, below events_count(). */
const struct event *events_at(const struct events *e, unsigned i);
const char *event_kind_name(unsigned kind);

/* ---- the file; as devices/devices.h has it */
bool events_changed(struct events *e);
void *events_write(const struct events *e, size_t *len);
int events_read(struct events *e, const void *data, size_t len);

#endif
