/* sha1.h - the hash that the WebSocket handshake is made with (RFC 3174).
 *
 * Broken as a signature, and not one here: RFC 6455, 1.3 uses it to tell a
 * WebSocket server from one that repeats what it hears. For that alone the
 * executable does not carry libcrypto, which a base install need not have.
 * Pure. */
#ifndef PROTO_SHA1_H
#define PROTO_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_LEN 20

void sha1(const void *data, size_t len, uint8_t out[SHA1_LEN]);

#endif
