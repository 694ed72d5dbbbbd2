/* asker.h - what the asker's programs and asker.c share. */
#ifndef ASKER_H
#define ASKER_H

#define ASKER_SLOTS 1024 /* questions under way at most */
#define ASKER_NAMES 1000 /* hit000 to hit999 below the zone */
#define ASKER_PORT  20000
#define ASKER_PORTS 4 /* four clients, as those of dnsperf */

/* A question is the whole frame: its name has always the same length, with
 * three digits at 'digits'. Which of the questions under way it is, is its ID.
 */
#define ASKER_QNAME  22
#define ASKER_DIGITS 4

struct asker_head {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	__u16 id, flags, questions, answers, authority, additional;
} __attribute__((packed, aligned(2)));

struct asker_frame {
	struct asker_head head;
	__u8 name[ASKER_QNAME];
	__u16 type, class;
} __attribute__((packed, aligned(2)));

struct asker_slot {
	__u64 asked_ns; /* 0: never */
	__u32 name;
};

struct asker_count {
	__u64 answers;
	__u64 wrong; /* not to the question, or without an answer in them */
	__u64 again; /* questions that had no answer for ASKER_PATIENCE_NS */
};
#define ASKER_PATIENCE_NS 500000000ULL

#endif
