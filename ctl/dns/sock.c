/* sock.c - socket addresses. Called by whoever opens sockets here. */
#include "sock.h"

#include <netinet/in.h>

socklen_t sock_from_endpoint(struct sockaddr_storage *out,
			     const struct endpoint *e)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (addr_is_v4(&e->addr)) {
		in->sin_family = AF_INET;
		in->sin_port = e->port;
		in->sin_addr.s_addr = addr_to_v4(&e->addr);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = e->port;
	memcpy(&in6->sin6_addr, e->addr.b, sizeof(e->addr.b));
	return sizeof(*in6);
}

struct endpoint sock_to_endpoint(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	struct endpoint e;

	if (ss->ss_family == AF_INET) {
		e.addr = addr_v4(in->sin_addr.s_addr);
		e.port = in->sin_port;
		return e;
	}
	memcpy(e.addr.b, &in6->sin6_addr, sizeof(e.addr.b));
	e.port = in6->sin6_port;
	return e;
}
