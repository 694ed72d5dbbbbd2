/* nat_tcp.h - what the NAT knows of a TCP connection: RFC 5382, RFC 7857 2.
 *
 * Pure. Sequence numbers are not followed: the timers are what it decides, and
 * every state lets segments pass, so that the ends settle the rest. */
#ifndef ENGINE_NAT_TCP_H
#define ENGINE_NAT_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "../conf.h"

enum tcp_flags {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_ACK = 16,
};

/* Seen from the LAN host. */
enum nat_dir { DIR_OUT, DIR_IN };

#define TCP_STATES(X)                                                          \
	X(SYN_SENT, "syn_sent")		/* SYN from the inside alone */        \
	X(SYN_RECEIVED, "syn_received") /* from both, or the outside alone */  \
	X(PICKED_UP, "picked_up")	/* the middle of one we did not see */ \
	X(ESTABLISHED, "established")                                          \
	X(CLOSING, "closing")	  /* FIN from one side */                      \
	X(TIME_WAIT, "time_wait") /* FIN from both */                          \
	X(RESET, "reset")	  /* RST; data brings it back */

enum tcp_state {
#define X(id, name) TCP_##id,
	TCP_STATES(X)
#undef X
		TCP_STATES_N
};

struct tcp_track {
	uint8_t state; /* enum tcp_state */
	uint8_t syn;   /* 1 << enum nat_dir: who sent one */
	uint8_t fin;
};

/* May this segment be a session's first? From the outside only a SYN; from the
 * inside also a later segment, so that connections live through the loss of
 * our tables; never a RST. */
bool tcp_opens(enum nat_dir dir, uint8_t flags);
/* The track of a session that this segment opens. tcp_step() it, too. */
struct tcp_track tcp_open(enum nat_dir dir, uint8_t flags);

/* The transition function. true: the segment refreshes the timer of the state
 * that 't' is in now. 'data': it carries payload. */
bool tcp_step(struct tcp_track *t, enum nat_dir dir, uint8_t flags, bool data);

uint32_t tcp_timeout_ms(const struct nat_timers *timers, enum tcp_state state);
const char *tcp_state_name(enum tcp_state state);

#endif
