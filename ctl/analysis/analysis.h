/* analysis.h - looks at what happens while it happens, and tells the owner what
 * is unusual.
 *
 * Each detector is a file of its own; here they are fed, and what they find
 * becomes a sentence in the log (events.h). Fed by the gateway. Control thread;
 * times are civil, passed in. */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "events.h"
#include "evidence.h"
#include "habit.h"

struct analysis;

struct analysis_house {
	void *arg;
	/* What people call the device; never "". */
	void (*name)(void *arg, const struct mac *mac,
		     char out[EVENT_NAME_SIZE]);
	/* It happened now. */
	void (*happened)(void *arg, const struct event *event);
};

/* NULL: no memory. */
struct analysis *analysis_new(const struct analysis_house *house);
void analysis_free(struct analysis *a);
/* Their files are the caller's to read and write. */
struct events *analysis_events(struct analysis *a);
struct habits *analysis_habits(struct analysis *a);
struct evidence *analysis_evidence(struct analysis *a);

/* ---- what is told to it */

/* A device nobody was told of yet; 'began_ms': the first of all was seen;
 * 'before': what it may have been called under another address, or NULL. True:
 * nobody needs to be told of it any more. */
bool analysis_device(struct analysis *a, const struct mac *mac,
		     uint64_t began_ms, uint64_t first_ms, uint64_t last_ms,
		     const char *before, uint64_t now_ms);
/* Every second, of each device: its bytes since the engine began. */
void analysis_moved(struct analysis *a, const struct mac *mac,
		    uint64_t rx_bytes, uint64_t tx_bytes, struct habit_time t);
/* A device opened a connection to 'remote'; 'iso': its country, NULL: unknown;
 * 'name': what it is called, or NULL. */
void analysis_opened(struct analysis *a, const struct mac *mac, uint8_t proto,
		     const struct endpoint *remote, const char *iso,
		     const char *name, uint64_t now_ms);
/* The remote did its part of a handshake, or answered a first datagram. */
void analysis_answered(struct analysis *a, const struct mac *mac, uint8_t proto,
		       const struct endpoint *remote, uint64_t now_ms);
/* A device asked by ARP for 'target'. */
void analysis_asked(struct analysis *a, const struct mac *mac, __be32 target,
		    uint64_t now_ms);
/* Every second: see dns_silent.h. */
void analysis_dns(struct analysis *a, bool nobody, uint64_t failed,
		  uint64_t now_ms);
/* Every second, of the provider's gateway: see line.h. */
void analysis_ping(struct analysis *a, const struct addr *gateway, uint32_t us,
		   uint64_t now_ms);
/* Another DHCP server answers. */
void analysis_rival(struct analysis *a, const struct addr *server,
		    uint64_t now_ms);
/* Two devices use 'ip'; 'mac' zero: one that did not get it here has it. */
void analysis_conflict(struct analysis *a, const struct addr *ip,
		       const struct mac *mac, const struct mac *other,
		       uint64_t now_ms);
/* Every second. */
void analysis_tick(struct analysis *a, uint64_t now_ms);

/* ---- the line, as line.h has it */
double analysis_loss(const struct analysis *a);
uint32_t analysis_latency_us(const struct analysis *a);

#endif
