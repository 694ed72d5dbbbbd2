/* gate.h - the eBPF programs and maps: load, pin, attach, keep in step.
 *
 * Maps and links are pinned under DIR/<instance>/v<GATE_ABI>/, so that
 * `bpftool map dump pinned …` reads them and they outlive a crash. Control
 * thread only. */
#ifndef LINK_GATE_H
#define LINK_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/drop.h"
#include "../base/error.h"
#include "journal.h"
#include "link_pair.h"

struct gate;

/* Where the BPF filesystem is. */
#define GATE_BPFFS "/sys/fs/bpf"

/* What an earlier run of this instance left pinned. */
enum gate_left {
	GATE_LEFT_NOTHING,
	GATE_LEFT_OURS, /* of this ABI: gate_open() takes it over */
	GATE_LEFT_OTHER /* of another version: gate_clean() it */
};
enum gate_left gate_left(const char *bpffs, const char *instance);

/* Loads the programs and makes and pins the maps, or takes over those that an
 * earlier run pinned, maps with what is in them. 'bpffs' is a mounted BPF
 * filesystem, normally /sys/fs/bpf. */
int gate_open(struct gate **out, const char *bpffs, const char *instance,
	      struct error *err);
/* Detaches what is attached, unpins, frees. */
void gate_close(struct gate *g);
/* Frees alone: programs stay on their ports and drop what is the engine's, maps
 * stay as they are, until the next gate_open(). */
void gate_leave(struct gate *g);
/* Takes away the attachments that an earlier run left and this one did not take
 * up: for when every port has its program. */
void gate_settle(struct gate *g);
/* Removes pins (and so attachments) that an earlier run left. */
int gate_clean(const char *bpffs, const char *instance);

/* Lent: its descriptor is the gate's. */
enum gate_program {
	GATE_LAN_XDP,
	GATE_WAN_XDP,
	GATE_LAN_TC,
	GATE_WAN_TC,
	GATE_EGRESS_TC,
	GATE_PUNT_XDP,
	GATE_PUNT_TC,
	GATE_PUNT_SHUT_TC,
	GATE_PROGRAMS
};
int gate_program(const struct gate *g, enum gate_program which);

/* Lent to the engine: see struct engine_gate. Valid until gate_close(). */
int gate_xsks_fd(const struct gate *g);
uint64_t *gate_claimed(struct gate *g);
uint64_t *gate_local_open(struct gate *g);
uint64_t *gate_local_own(struct gate *g);

/* The express lane's maps; likewise. */
struct gate_express {
	int express4_fd, express6_fd;
	struct express_flow *flows;
	struct express_stats *stats;
};
void gate_express(const struct gate *g, struct gate_express *out);
/* Can the device transmit frames that XDP redirects to it? */
int gate_tx_set(struct gate *g, uint32_t ifindex, bool can);

/* What the classifier knows of a port; see struct gate_port in abi.h. */
struct gate_port_info {
	uint32_t ifindex;
	uint8_t slot;
	bool wan;
	struct mac mac;
	__be32 addr, net, mask, wan_addr;
	bool l3;       /* its packets begin at IP: it has no Ethernet */
	bool xdp;      /* XDP carries it */
	uint32_t punt; /* near end of its punt pair; 0: none */
};
int gate_port_set(struct gate *g, const struct gate_port_info *p);
int gate_port_del(struct gate *g, uint32_t ifindex);

/* -EBUSY and a sentence that names it, if another XDP program is on the port;
 * what this instance itself left there is none. */
int gate_foreign(const char *bpffs, const char *instance, uint32_t ifindex,
		 const char *ifname, struct error *err);

/* Attaches lan_xdp or wan_xdp in native mode by a pinned bpf_link, or replaces,
 * with no moment in between, the program that an earlier run left there. A
 * foreign program on the port: -EBUSY, and the sentence names it; -EOPNOTSUPP:
 * its driver has no native XDP. */
int gate_attach(struct gate *g, uint32_t ifindex, const char *ifname, bool wan,
		struct error *err);
/* Attaches lan_tc or wan_tc at clsact ingress, before whatever of others is
 * there. The hook is journalled, and goes when nobody else is in it. */
int gate_attach_tc(struct gate *g, struct journal *j, uint32_t ifindex,
		   const char *ifname, bool wan, struct error *err);
/* Attaches the same programs behind XDP, for flows that the express lane gives
 * to tc; 'xdp' of the port says so before. Who has them at clsact from an
 * earlier run finds them replaced, with no moment in between. */
int gate_attach_behind(struct gate *g, struct journal *j, uint32_t ifindex,
		       const char *ifname, bool wan, struct error *err);
/* Attaches lan_tc or wan_tc at clsact ingress and hands what is the engine's to
 * its sockets by a pair of devices of our own, see bpf/punt.h. Whatever sat at
 * XDP goes. 'punt' of the port says so before. */
int gate_attach_punt(struct gate *g, struct journal *j,
		     const struct gate_port_info *port, const char *ifname,
		     const struct link_pair *pair, struct error *err);
/* Is there one of them at the port's clsact ingress, by itself or behind XDP?
 */
bool gate_has_tc(const struct gate *g, uint32_t ifindex);
/* Attaches egress_tc at clsact egress, beside either. */
int gate_attach_egress(struct gate *g, struct journal *j, uint32_t ifindex,
		       const char *ifname, struct error *err);
/* Takes all of them off the port. */
int gate_detach(struct gate *g, uint32_t ifindex);
/* Are all our programs still on the port? Somebody may have detached one. */
bool gate_attached(const struct gate *g, uint32_t ifindex);

/* Who answers for a prefix. Values equal enum gate_net_kind. */
enum gate_kind {
	GATE_KIND_OWN = 1,
	GATE_KIND_LAN,
	GATE_KIND_ROUTED,
	GATE_KIND_WAN
};
struct gate_prefix {
	struct prefix prefix;
	enum gate_kind kind;
};
/* Makes kernel_nets equal 'nets': inserts first, then deletes what is gone.
 * Host bits are ignored; no prefix twice. -E2BIG: more than GATE_NETS_MAX. */
int gate_nets_set(struct gate *g, const struct gate_prefix *nets, unsigned n);

/* The MAC addresses by which the LAN's bridge may be reached, its members' all
 * told; replaces those told before. -E2BIG: more than the map holds. */
#define GATE_MEMBER_MACS_MAX 64
struct gate_member_mac {
	struct mac mac;
	uint32_t ifindex;
};
int gate_macs_set(struct gate *g, const struct gate_member_mac *macs,
		  unsigned n);

/* Sum over CPUs, by reason; rows with zero are left in. Returns how many. */
unsigned gate_drops(const struct gate *g, struct drop_row *out, unsigned max);

#endif
