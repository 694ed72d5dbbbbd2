/* tls_hello.h - which server a TLS ClientHello asks for (RFC 8446 4.1.2,
 * RFC 6066 3).
 *
 * Under Encrypted ClientHello (RFC 9849) what can be read is the outer hello,
 * whose name is that of who hides the true one. Whether it hides anything
 * nobody can tell: browsers send the extension always. Pure. */
#ifndef PROTO_TLS_HELLO_H
#define PROTO_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host_name.h"

struct tls_hello {
	char name[HOST_NAME_SIZE]; /* clean; "": none */
	bool ech;		   /* the name may be another's */
};

/* The handshake message at 'msg'. 0: all of it was read; -EAGAIN: it goes on
 * behind 'len', and 'out' has what came so far; -EBADMSG: it is none, or does
 * not hold together. */
int tls_hello_read(const uint8_t *msg, size_t len, struct tls_hello *out);

/* Takes the record layer (RFC 8446 5.1) off what a connection begins with, as
 * far as it came: the bytes of handshake messages go to 'out', which has room
 * for 'len'. How many; -EBADMSG: it is something else. */
int tls_hello_unwrap(const uint8_t *stream, size_t len, uint8_t *out);

#endif
