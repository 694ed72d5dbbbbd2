/* hello.h - which server a new connection asks for, from copies of its first
 * packets: TLS over TCP, QUIC over UDP.
 *
 * A ClientHello with post-quantum keys fills more than one packet; browsers cut
 * it up in QUIC and send the pieces in any order. So many connections are read
 * at a time, and each from so many bytes; a new one takes the place of the
 * oldest, of its own device's if that has its share.
 * Control thread. */
#ifndef REMOTES_HELLO_H
#define REMOTES_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../proto/tls_hello.h"

#define HELLO_PACKETS_MAX 3 /* of one connection, that are shown here */

struct hello_packet {
	uint32_t session, serial; /* tell connections apart */
	struct mac mac;		  /* the device's; zero: not known */
	bool quic;
	bool cut;     /* its end was not copied */
	uint32_t seq; /* TCP: of the first byte */
	const uint8_t *data;
	size_t len; /* at most HELLO_BYTES_MAX */
};
#define HELLO_BYTES_MAX 2048

struct hellos;

/* NULL: out of memory. */
struct hellos *hellos_new(void);
void hellos_free(struct hellos *h);

/* True: now it is known, and 'out->name' is not "". */
bool hellos_take(struct hellos *h, const struct hello_packet *p,
		 struct tls_hello *out);

#endif
