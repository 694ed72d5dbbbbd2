/* load.h - what the generator's programs and load.c share. */
#ifndef LOAD_H
#define LOAD_H

/* Headers of every frame made. */
struct load_frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
} __attribute__((packed, aligned(2)));

/* The generator walks its flows: the source port takes 'ports' values from
 * 'port' on, then the source address goes one up, 'hosts' times, then the
 * remote one, 'remotes' times. No flow comes twice before all have come. */
struct load_walk {
	struct load_frame frame;
	__u16 port;
	__u32 ports, hosts, remotes;
	__u32 host, remote; /* host order */
	__u64 next;	    /* frames made so far */
};

struct load_count {
	__u64 packets, bytes;
	__u64 first_ns, last_ns;
};

#endif
