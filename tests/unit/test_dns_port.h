/* test_dns_port.h - a place on loopback where nobody listens, by UDP or TCP: an
 * address of this process alone, as other tests run beside it. */
#ifndef TEST_DNS_PORT_H
#define TEST_DNS_PORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "ctl/dns/sock.h"

/* Whether a socket of that type can be bound there; the port is filled. */
static inline bool port_is_free(struct endpoint *at, int type)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_storage ss;
	socklen_t len = sock_from_endpoint(&ss, at);
	bool bound = !bind(fd, (struct sockaddr *)&ss, len);

	len = sizeof(ss);
	getsockname(fd, (struct sockaddr *)&ss, &len);
	*at = sock_to_endpoint(&ss);
	close(fd);
	return bound;
}

static inline void port_find(struct endpoint *at)
{
	unsigned pid = (unsigned)getpid(), tries = 100;
	char text[32];

	snprintf(text, sizeof(text), "127.%u.%u.%u", 1 + (pid >> 16 & 63),
		 pid >> 8 & 255, 1 + pid % 254);
	do
		endpoint_parse(text, 0, at);
	while (tries-- && !(port_is_free(at, SOCK_DGRAM) &&
			    port_is_free(at, SOCK_STREAM)));
}

#endif
