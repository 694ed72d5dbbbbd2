/* sessions_file.h - who is logged in, from one run to the next.
 *
 * The file has hashes of tokens alone: who reads it is not logged in. It is of
 * one password: with another one, however that came, nobody is. Times in it are
 * civil; a session that would begin in the future is none, so that a clock that
 * was set back lets nobody in for longer. Pure; msgpack. */
#ifndef API_SESSIONS_FILE_H
#define API_SESSIONS_FILE_H

#include <stddef.h>

#include "sessions.h"

#define SESSIONS_FILE_MAX 16384

/* One moment, by the sessions' clock and by the civil one. The sessions' has
 * to be past SESSION_TOTAL_MS. */
struct sessions_clock {
	uint64_t now_ms, wall_ms;
};

/* malloc'ed; NULL: no memory. 'password' is its hash, as text. */
void *sessions_write(const struct sessions *s, const char *password,
		     const struct sessions_clock *c, size_t *len);
/* Those that are not over yet, into empty 's'. -EBADMSG: it is no such file,
 * and nobody is logged in. */
int sessions_read(struct sessions *s, const char *password,
		  const struct sessions_clock *c, const void *data, size_t len);

#endif
