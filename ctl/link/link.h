/* link.h - the machine's links as the kernel tells them, and the changes that
 * make it a gateway.
 *
 * One routing-netlink socket listens (links, addresses, routes, neighbours),
 * another asks; a mirror of what was heard is kept here. Control thread only,
 * on its libuv loop. Times: milliseconds. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"
#include "../base/error.h"
#include "journal.h"

#define LINK_ADDRS_MAX 16

/* One interface as the kernel tells it. */
struct link_if {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
	char kind[16]; /* "veth", "bridge", …; "" for hardware */
	struct mac mac;
	uint32_t mtu;
	uint32_t master; /* ifindex of bridge or bond, 0: none */
	bool up;	 /* administratively */
	bool running;	 /* carrier */
	bool loopback, physical, wireless, ethernet;
	uint32_t xdp_prog; /* id of an attached XDP program, 0: none */
	uint32_t rx_queues;
	unsigned addrs_n;
	struct prefix addrs[LINK_ADDRS_MAX];
};

struct link_route {
	struct prefix dst; /* len 96 (IPv4) or 0 (IPv6): default */
	struct addr via;   /* zero: on-link */
	uint32_t ifindex;  /* 0: what goes there is refused (blackhole, …) */
	uint32_t metric;
	uint32_t table;
};

enum link_change {
	LINK_CHANGED_IFS = 1, /* a link or its state */
	LINK_CHANGED_ADDRS = 2,
	LINK_CHANGED_ROUTES = 4,
	LINK_CHANGED_TC = 8, /* somebody's traffic control, ours maybe */
};

/* A neighbour the kernel resolved, or gave up on (valid false). */
struct link_neigh {
	uint32_t ifindex;
	struct addr addr;
	struct mac mac;
	bool valid;
	bool failed; /* resolution ended without an answer */
};

struct link_events {
	void *arg;
	/* Batched: once for all that one read brought. Bits of link_change. */
	void (*on_change)(void *arg, unsigned changes);
	void (*on_neigh)(void *arg, const struct link_neigh *n);
	/* A bridge has 'mac' behind its member 'port', or ('gone') has it there
	 * no more. May be NULL. */
	void (*on_fdb)(void *arg, uint32_t port, const struct mac *mac,
		       bool gone);
};

struct link;

/* Dumps everything once, then follows. */
int link_open(struct link **out, uv_loop_t *loop,
	      const struct link_events *events, struct error *err);
/* Asynchronous as libuv's closing is; 'l' is freed after the loop ran. */
void link_close(struct link *l);
/* Looks at once and calls back as the loop would: for right after changes of
 * one's own. Pointers into the mirror end here. 0 or -errno. */
int link_refresh(struct link *l);

/* ---- the mirror; pointers are valid until the loop runs again */
unsigned link_ifs(const struct link *l, const struct link_if **out);
const struct link_if *link_by_name(const struct link *l, const char *name);
const struct link_if *link_by_index(const struct link *l, uint32_t ifindex);
unsigned link_routes(const struct link *l, const struct link_route **out);
/* The main table's IPv4 default route of lowest metric, out of 'ifindex' or
 * (0) of any port; NULL: none. */
const struct link_route *link_default_route(const struct link *l,
					    uint32_t ifindex);
/* Calls back with every known neighbour that is resolved on 'ifindex'. */
void link_neighs(struct link *l, uint32_t ifindex,
		 void (*each)(void *arg, const struct link_neigh *n),
		 void *arg);

/* ---- neighbours and forwarding entries, which are not journalled for the
 * kernel ages them */
/* Asks the kernel to resolve 'addr'; the answer comes as on_neigh, before this
 * returns when the kernel knew it. */
int link_neigh_resolve(struct link *l, uint32_t ifindex,
		       const struct addr *addr);
/* Says that an entry is in use, so that the kernel keeps it fresh (NTF_USE). */
int link_neigh_use(struct link *l, uint32_t ifindex, const struct addr *addr);
/* 'mac' lives behind bridge member 'ifindex': refreshes or moves the entry. */
int link_fdb_use(struct link *l, uint32_t ifindex, const struct mac *mac);

/* The member of 'bridge' that 'mac' was last heard on; 0: none that is known.
 */
uint32_t link_fdb_port(struct link *l, uint32_t bridge, const struct mac *mac);

/* ---- changes; every one is journalled before it is made and undone by
 * journal_undo(). 'Nothing to do' succeeds and is not journalled. */
int link_addr_add(struct link *l, struct journal *j, uint32_t ifindex,
		  const struct prefix *addr, struct error *err);
int link_addr_del(struct link *l, struct journal *j, uint32_t ifindex,
		  const struct prefix *addr);
int link_set_up(struct link *l, struct journal *j, uint32_t ifindex,
		struct error *err);
/* A bridge with a fixed MAC (that of 'mac'), no STP, no delay; '*ifindex' out.
 */
int link_bridge_add(struct link *l, struct journal *j, const char *name,
		    const struct mac *mac, uint32_t *ifindex,
		    struct error *err);
int link_set_master(struct link *l, struct journal *j, uint32_t ifindex,
		    uint32_t bridge, struct error *err);
/* A TUN device, up, no address; its fd in '*fd'. Goes with the fd. */
int link_tun_open(struct link *l, const char *name, int *fd, uint32_t *ifindex,
		  struct error *err);

#endif
