/* fetch.h - gets a list by HTTPS into a file: slow, for a worker thread.
 *
 * One request to one address that is known already; the certificate has to be
 * for the host. Conditional: what has not changed is not sent again (RFC 9110,
 * 13). Bounded in bytes and time. */
#ifndef DNS_FETCH_H
#define DNS_FETCH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"

#define FETCH_URL_MAX	512 /* NUL included */
#define FETCH_BYTES_MAX (64u << 20)
#define FETCH_MS	120000u

struct fetch {
	/* From fetch_url(). */
	char host[256], path[FETCH_URL_MAX];
	uint16_t port;
	/* From the caller. */
	struct addr addr;
	char file[512];		      /* replaced as a whole, or not at all */
	char etag[128], modified[64]; /* of what is in it; "": unknown */
	atomic_bool stop;	      /* set from outside: come to an end */
	/* Filled: */
	int status;		      /* of HTTP; 0: not that far, see why */
	char why[128];		      /* what went wrong */
	char location[FETCH_URL_MAX]; /* status 3xx */
};

/* Takes "https://HOST[:PORT]/PATH" apart. -EINVAL. */
int fetch_url(struct fetch *f, const char *url);
/* Runs to the end. 200: the file is new, and etag and modified are its own.
 * Any thread. */
void fetch_run(struct fetch *f);

#endif
