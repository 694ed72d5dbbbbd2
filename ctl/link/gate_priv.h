/* gate_priv.h - the inside of struct gate, for gate*.c alone. */
#ifndef LINK_GATE_PRIV_H
#define LINK_GATE_PRIV_H

#include "bpf/abi.h"
#include "gate.h"
#include "gate_pins.h"
#include "tc.h"

/* The bitmaps that are mapped into memory. */
enum bits { BITS_CLAIMED, BITS_LOCAL_OPEN, BITS_LOCAL_OWN, BITS_MAPS };

struct gate_bpf; /* the skeleton; gate.c alone sees into it */

/* Descriptors of what the skeleton holds. */
struct gate_fds {
	int kernel_nets, port_info, punts, lan_macs, drops;
	int express4, express6, express_flow, express_stats, tx_ports;
	int programs[GATE_PROGRAMS];
};

/* A port and both ends of its punt pair. */
#define ATTACHMENTS_MAX (3 * GATE_PORTS_MAX)

struct attachment {
	uint32_t ifindex;    /* 0: free */
	uint32_t near, far;  /* its punt pair, which has programs, too; or 0 */
	int link_fd;	     /* XDP; -1: none */
	struct tc_place in;  /* prio 0: none */
	struct tc_place out; /* likewise */
};

struct gate {
	/* immutable once open */
	struct gate_bpf *skel;
	struct gate_fds fds;
	struct gate_pins pins;
	uint64_t hash; /* of the object, see gate_adopt.h */
	uint64_t *bits[BITS_MAPS];
	struct gate_express express;
	unsigned cpus;
	struct gate_count *percpu; /* room to read one row of 'drops' */
	/* attach, detach */
	struct attachment ports[ATTACHMENTS_MAX];
	/* port_set */
	uint32_t generation;
};

/* gate_attach.c: what one device has. */
/* NULL: nothing of ours. */
struct attachment *gate_attachment(struct gate *g, uint32_t ifindex);
/* A program at XDP, or in place of one that an earlier run left there. 0, or
 * -errno and its sentence; likewise below. */
int gate_xdp_set(struct gate *g, uint32_t ifindex, const char *ifname, int prog,
		 struct error *err);
/* Takes it off, and whatever an earlier run pinned. */
void gate_xdp_end(struct gate *g, struct attachment *at);
/* A program at the side of clsact that it is for, before others'. */
int gate_tc_set(struct gate *g, struct journal *j, uint32_t ifindex,
		const char *ifname, enum gate_program which, struct error *err);

/* gate_punt.c: takes the pair's programs off, and its rows away. */
void gate_punt_end(struct gate *g, struct attachment *at);
/* Takes away the rows of pairs that are no more. */
void gate_punt_settle(struct gate *g);

/* gate_express.c - maps the lane's rows into memory. 0 or -errno. */
int gate_express_map(struct gate *g);
void gate_express_unmap(struct gate *g);

#endif
