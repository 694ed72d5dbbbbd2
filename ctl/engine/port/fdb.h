/* fdb.h - behind which port of a bridged LAN a MAC address lives.
 *
 * Frames that the engine takes never pass through the kernel's bridge, so it
 * learns from them itself, as IEEE 802.1Q 8.7 tells a bridge to. Engine thread
 * only; time is passed in, milliseconds. */
#ifndef ENGINE_FDB_H
#define ENGINE_FDB_H

#include <stdbool.h>
#include <stdint.h>

#include "../../base/addr.h"
#include "../../base/hash.h"

#define FDB_MAX	    2048   /* all LANs together; the stalest goes first */
#define FDB_AGE_MS  300000 /* IEEE 802.1Q table 8-6 */
#define FDB_TELL_MS 30000  /* the kernel's own entry ages in 300 s, too */
#define FDB_MOVE_MS 100	   /* a host that flaps is told of no more often */
#define FDB_TELLS                                                              \
	64 /* in FDB_MOVE_MS, all hosts together: bounds a                     \
	    * flood of made-up sources */

struct fdb;

/* NULL: out of memory. */
struct fdb *fdb_new(const struct hash_key *key);
void fdb_free(struct fdb *f);
/* Forgets everything: the ports are others now. */
void fdb_clear(struct fdb *f);

/* 'mac' sent a frame by 'port' of LAN 'lan'. True: the kernel's bridge should
 * hear of it, because it moved, is new, or was not told for FDB_TELL_MS. What
 * the bounds hold back is told at a later frame. */
bool fdb_learn(struct fdb *f, uint8_t lan, const struct mac *mac, uint8_t port,
	       uint64_t now_ms);

/* The kernel's bridge saw 'mac' at 'port': by ARP, say, which the gate leaves
 * to it. What is not known here is not learnt, and nothing is told back. */
void fdb_follow(struct fdb *f, uint8_t lan, const struct mac *mac, uint8_t port,
		uint64_t now_ms);
/* The kernel's bridge no longer has 'mac' at 'port'. */
void fdb_forget(struct fdb *f, uint8_t lan, const struct mac *mac,
		uint8_t port);

/* Another number after every move, told or not. */
uint32_t fdb_moves(const struct fdb *f);
/* The port that 'mac' was last seen at, or -1. */
int fdb_find(const struct fdb *f, uint8_t lan, const struct mac *mac,
	     uint64_t now_ms);

#endif
