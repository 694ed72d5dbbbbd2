/* devices.h - the devices of the home, by hardware address: what they call
 * themselves, which addresses they have, since when they are known.
 *
 * Fed by the gateway with what DHCP, ARP, neighbours, multicast DNS and the
 * engine tell. Pure: no I/O, and time is passed in, as civil milliseconds.
 * Control thread.
 *
 * Anybody at home can make up hardware addresses. A device is settled once it
 * was seen an hour apart; those that are not yet share DEVICES_FRESH_MAX places
 * among themselves and are forgotten after a week, and a settled one gives way
 * only to another that settles, after a month of absence. */
#ifndef DEVICES_DEVICES_H
#define DEVICES_DEVICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"

#define DEVICES_MAX	  1024
#define DEVICES_FRESH_MAX 256
#define DEVICE_ADDRS_MAX  8  /* the first is its IPv4 address */
#define DEVICE_ID_MAX	  24 /* of a DHCP client identifier; longer: none */
#define DEVICE_NAME_SIZE  64

#define DEVICES_SETTLED_MS (3600 * 1000ull)
#define DEVICES_AWAY_MS	   (30 * 86400 * 1000ull)
#define DEVICES_FORGET_MS  (7 * 86400 * 1000ull)
#define DEVICES_FILE_MAX   (1u << 20)

struct device_addr {
	struct addr addr; /* zero: none */
	uint64_t last_ms;
};

struct device {
	struct mac mac;
	bool settled;
	bool told; /* that it is new: see analysis/newcomer.h */
	uint8_t id_len;
	uint8_t id[DEVICE_ID_MAX];
	struct mac twin; /* maybe the same device, under this address before;
			  * zero: none known */
	uint64_t first_ms, last_ms;
	uint64_t asked_ms; /* for its name, by us, in this run; 0: not yet */
	char hostname[DEVICE_NAME_SIZE]; /* by DHCP; "": none */
	char mdns[DEVICE_NAME_SIZE];	 /* by multicast DNS; "": none */
	struct device_addr addrs[DEVICE_ADDRS_MAX];
};

struct devices;

/* NULL: no memory. */
struct devices *devices_new(void);
void devices_free(struct devices *d);

/* It was seen. NULL: no hardware address of a device, or no place is left.
 * Valid until the next call that sees another. */
struct device *devices_seen(struct devices *d, const struct mac *mac,
			    uint64_t now_ms);
/* The same, with an address of its own. */
void devices_has(struct devices *d, const struct mac *mac,
		 const struct addr *addr, uint64_t now_ms);
/* What it told the DHCP server; 'hostname' "": nothing. */
void devices_leased(struct devices *d, const struct mac *mac,
		    const char *hostname, const uint8_t *id, size_t id_len,
		    uint64_t now_ms);
/* What it says of itself by multicast DNS; clean. */
void devices_calls_itself(struct devices *d, const struct mac *mac,
			  const char *name, uint64_t now_ms);
/* Those that are not settled and have not come again for a week. */
void devices_forget(struct devices *d, uint64_t now_ms);
void devices_asked(struct devices *d, const struct mac *mac, uint64_t now_ms);
void devices_told(struct devices *d, const struct mac *mac);

const struct device *devices_find(const struct devices *d,
				  const struct mac *mac);
/* Of two that had the address, the one that had it last. NULL: none has. */
const struct device *devices_at(const struct devices *d,
				const struct addr *addr);
/* All of them, in no order; valid until one is seen. */
unsigned devices_all(const struct devices *d, const struct device **out);
/* When the first of all was seen; 0: none yet. */
uint64_t devices_began_ms(const struct devices *d);

/* ---- the file */

/* Has anything changed since the last call? */
bool devices_changed(struct devices *d);
/* malloc'ed; NULL: no memory. */
void *devices_write(const struct devices *d, size_t *len);
/* Takes them into an empty 'd'. -EBADMSG: it does not hold together; those read
 * before are kept. */
int devices_read(struct devices *d, const void *data, size_t len);

#endif
