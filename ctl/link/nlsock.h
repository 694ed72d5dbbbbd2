/* nlsock.h - a netlink socket that asks and waits for the answer.
 *
 * The kernel answers requests before send returns, so asking never blocks for
 * long. Used by everything in link/ that speaks netlink. Control thread only.
 */
#ifndef LINK_NLSOCK_H
#define LINK_NLSOCK_H

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* Room for a request, and for one read of a dump (the kernel's own choice). */
#define NLSOCK_REQ 4096
#define NLSOCK_BUF 32768

struct nlsock {
	struct mnl_socket *mnl;
	uint32_t seq;
};

/* A request under construction; aligned as netlink wants it. */
struct nlreq {
	union {
		struct nlmsghdr hdr;
		char bytes[NLSOCK_REQ];
	};
};

/* 'bus' is NETLINK_ROUTE and so on. 0 or -errno. */
int nlsock_open(struct nlsock *nl, int bus);
void nlsock_close(struct nlsock *nl);

/* Starts a request: header and 'extra_len' zeroed bytes of family header,
 * which are returned. NLM_F_REQUEST is added to 'flags', and NLM_F_ACK unless
 * it is a dump. */
void *nlreq_init(struct nlreq *req, uint16_t type, uint16_t flags,
		 size_t extra_len);

/* Sends, then calls 'each' (may be NULL) for every message of the answer. A
 * negative value from 'each' ends up as the result, after all was read.
 * 0, or -errno of the kernel; -EINTR: a dump that changed midway, ask again. */
int nlsock_ask(struct nlsock *nl, struct nlreq *req,
	       int (*each)(const struct nlmsghdr *nlh, void *arg), void *arg);

/* Fills 'tb' (of 'max' + 1) with the attributes after 'offset' bytes. */
void nl_attrs(const struct nlmsghdr *nlh, size_t offset,
	      const struct nlattr **tb, unsigned max);
void nl_attrs_nested(const struct nlattr *nest, const struct nlattr **tb,
		     unsigned max);
void nl_attrs_payload(const void *attrs, size_t len, const struct nlattr **tb,
		      unsigned max);
/* The 32-bit value, or 0 when it is absent or malformed. */
uint32_t nl_u32(const struct nlattr *a);

#endif
