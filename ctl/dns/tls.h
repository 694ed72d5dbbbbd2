/* tls.h - the client's half of a TLS connection, without a socket.
 *
 * Bytes of the wire go in and come out through memory (OpenSSL's memory BIOs),
 * so that the event loop carries them for upstreams and a thread with a plain
 * socket for lists. One connection belongs to one thread. */
#ifndef DNS_TLS_H
#define DNS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/addr.h"

struct tls;

/* Who the other side has to prove to be. Both NULL: anybody will do. */
struct tls_peer {
	const char *name;	 /* of the certificate, and sent as SNI */
	const struct addr *addr; /* or an address in it */
	const char *alpn;	 /* "dot", "http/1.1" */
};

/* NULL: no memory, or no certificates to trust on this machine. */
struct tls *tls_new(const struct tls_peer *peer);
void tls_free(struct tls *t);

/* Bytes that came. -ENOMEM. */
int tls_feed(struct tls *t, const void *data, size_t len);
/* Bytes to be sent, at most 'room'; 0: none now. */
size_t tls_drain(struct tls *t, void *out, size_t room);

/* Goes on with the handshake: 0 is done, -EAGAIN needs more bytes, -EPROTO
 * failed: see tls_why(). */
int tls_handshake(struct tls *t);
/* Reads what was said: bytes, 0 at its end, -EAGAIN, -EPROTO. */
int tls_read(struct tls *t, void *out, size_t room);
/* Takes all of it or fails: -EPROTO. After the handshake. */
int tls_write(struct tls *t, const void *data, size_t len);
/* Why the handshake failed, for the owner. */
const char *tls_why(const struct tls *t);

#endif
