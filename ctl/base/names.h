/* names.h - texts by number: what remotes are called, kept once each.
 *
 * A number fits where a text does not: into a packet's record, a session, a row
 * of history. 0 is no name. No number is used twice in a run, or in runs that
 * follow each other (names_keep()): one whose name was given up since finds
 * nothing, and never another's name.
 *
 * Who keeps a number holds it. Names that nobody holds stay until room is
 * needed; then the one that was last found or dropped longest ago goes. When
 * all are held, there is no number for a new one. One thread's, the control
 * thread's. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_LEN_MAX 253 /* bytes of one: a domain name's (RFC 1035 2.3.4) */
#define NAMES_MAX     131072 /* the gateway's own: some 16 MB when full */

struct names;

/* Room for 'max' of them, a power of two. NULL: out of memory. */
struct names *names_new(uint32_t max);
void names_free(struct names *n);

/* Before the first name: takes over what an earlier process left in the file
 * 'path', on a tmpfs, and keeps the table there from now on, so that numbers
 * outlive this one, too, however it ends. 0 or -errno, and then they do not. */
int names_keep(struct names *n, const char *path);
/* Numbers mean the same to processes with the same line. 0: to none but this
 * one. */
uint64_t names_line(const struct names *n);

/* Finds or makes; does not hold. 0: empty, longer than NAMES_LEN_MAX, a NUL in
 * it, or no room. */
uint32_t names_id(struct names *n, const char *text, size_t len);
/* Once more, once less; a number that finds nothing is let be. */
void names_hold(struct names *n, uint32_t id);
void names_drop(struct names *n, uint32_t id);
/* May one be kept for hours? Half of all at most: more are held already only if
 * this is held more than once, so that it takes no place. */
bool names_has_place(const struct names *n, uint32_t id);
/* Good until the next names_id(), or as long as it is held. NULL: none. */
const char *names_text(const struct names *n, uint32_t id);
/* How many there are now, held or not. */
uint32_t names_count(const struct names *n);

#endif
