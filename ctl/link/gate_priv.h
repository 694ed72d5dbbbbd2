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
	int kernel_nets, port_info, lan_macs, drops;
	int express4, express6, express_flow, express_stats, tx_ports;
	int programs[GATE_PROGRAMS];
};

struct attachment {
	uint32_t ifindex;    /* 0: free */
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
	struct attachment ports[GATE_PORTS_MAX];
	/* port_set */
	uint32_t generation;
};

/* gate_express.c - maps the lane's rows into memory. 0 or -errno. */
int gate_express_map(struct gate *g);
void gate_express_unmap(struct gate *g);

#endif
