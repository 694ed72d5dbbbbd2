/* sock.h - an endpoint as the socket calls want it, and back. */
#ifndef DNS_SOCK_H
#define DNS_SOCK_H

#include <sys/socket.h>

#include "../base/addr.h"

/* Returns the length; IPv4 is AF_INET, all else AF_INET6. */
socklen_t sock_from_endpoint(struct sockaddr_storage *out,
			     const struct endpoint *e);
struct endpoint sock_to_endpoint(const struct sockaddr_storage *ss);

#endif
