/* url.h - the target of an HTTP request and the Host it names.
 *
 * RFC 9112, 3.2 (origin and absolute form), RFC 3986, 2.1 and 3. Pure. */
#ifndef PROTO_URL_H
#define PROTO_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_PARAMS_MAX 16
#define URL_HOST_MAX   256 /* NUL included */

struct url_param {
	const char *name, *value; /* decoded; no '=': the value is "" */
};
struct url {
	const char *path; /* decoded, begins with '/' */
	unsigned params_n;
	struct url_param params[URL_PARAMS_MAX];
};

/* Decodes 'target' into 'buf', into which 'out' then points; one byte more than
 * the target is long is room enough. Bad escapes, control characters and a
 * fragment: -EBADMSG; more parameters or text than fit: -EMSGSIZE. */
int url_parse(const char *target, char *buf, size_t room, struct url *out);

/* The host of "HOST", "HOST:PORT" or "[v6]:PORT", in lower case, without
 * brackets and without the root's dot. false: no such thing. */
bool url_host(const char *authority, char out[URL_HOST_MAX]);

#endif
