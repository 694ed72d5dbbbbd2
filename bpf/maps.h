/* maps.h - every map of the gate, BTF-typed so that bpftool prints names.
 *
 * Userspace inserts and deletes; the programs only read, and count in 'drops'.
 * Values are structs, never bare integers: a dump shows what a number means.
 * Included by what gate.bpf.c is made of. */
#ifndef GATE_MAPS_H
#define GATE_MAPS_H

#include <bpf/bpf_helpers.h>

#include "abi.h"

/* One word of a bitmap over (protocol, port); see gate_bits_word(). */
struct gate_word {
	__u64 bits;
};

/* Ports the NAT holds: what comes for them is the engine's. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GATE_BITS_WORDS);
	__type(key, __u32);
	__type(value, struct gate_word);
} claimed SEC(".maps");

/* Ports the owner opened on the gateway itself. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GATE_BITS_WORDS);
	__type(key, __u32);
	__type(value, struct gate_word);
} local_open SEC(".maps");

/* Ports the gateway's own sockets may use for what they ask the world. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GATE_BITS_WORDS);
	__type(key, __u32);
	__type(value, struct gate_word);
} local_own SEC(".maps");

/* Twice the limit: a new set is inserted before the old one is deleted. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2 * GATE_NETS_MAX);
	__type(key, struct gate_net_key);
	__type(value, struct gate_net);
} kernel_nets SEC(".maps");

/* ifindex -> the port. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct gate_port);
} port_info SEC(".maps");

/* ifindex of either end of a punt pair -> its port. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * GATE_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct gate_punt);
} punts SEC(".maps");

/* MAC address of a bridge member -> the member. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * GATE_MACS_MAX);
	__type(key, struct gate_mac);
	__type(value, struct gate_member);
} lan_macs SEC(".maps");

/* slot * GATE_QUEUES_MAX + RX queue -> AF_XDP socket. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, GATE_PORTS_MAX *GATE_QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

/* A flow's packets as they come in -> its slot. Preallocated, for it is written
 * while packets fly; never LRU, which would evict one half of a pair. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_EXPRESS_SLOTS);
	__type(key, struct express4_key);
	__type(value, struct express_slot);
} express4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GATE_EXPRESS_SLOTS);
	__type(key, struct express6_key);
	__type(value, struct express_slot);
} express6 SEC(".maps");

/* Mapped into memory also for its alignment: a row is two cache lines. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GATE_EXPRESS_SLOTS);
	__type(key, __u32);
	__type(value, struct express_flow);
} express_flow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GATE_EXPRESS_SLOTS);
	__type(key, __u32);
	__type(value, struct express_stats);
} express_stats SEC(".maps");

/* ifindex -> itself, if the device can transmit XDP frames. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, GATE_PORTS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} tx_ports SEC(".maps");

/* enum gate_drop -> how much. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DROP_REASONS);
	__type(key, __u32);
	__type(value, struct gate_count);
} drops SEC(".maps");

#endif
