/* nat_tcp.c - the TCP states and their timers.
 * Called by nat_session.c. No state of its own.
 * Invariant: RST and what the outside repeats unanswered never prolong. */
#include "nat_tcp.h"

bool tcp_opens(enum nat_dir dir, uint8_t flags)
{
	if (flags & TCP_RST)
		return false;
	if (dir == DIR_OUT)
		return true;
	return (flags & (TCP_SYN | TCP_ACK | TCP_FIN)) == TCP_SYN;
}

struct tcp_track tcp_open(enum nat_dir dir, uint8_t flags)
{
	bool syn = (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;

	if (!syn) /* as if both SYNs had been seen */
		return (struct tcp_track){ TCP_PICKED_UP,
					   1 << DIR_OUT | 1 << DIR_IN, 0 };
	return (struct tcp_track){ dir == DIR_OUT ? TCP_SYN_SENT
						  : TCP_SYN_RECEIVED,
				   (uint8_t)(1 << dir), 0 };
}

static bool both(uint8_t bits)
{
	return bits == (1 << DIR_OUT | 1 << DIR_IN);
}

/* The ports are used for another connection. */
static bool anew(struct tcp_track *t, enum nat_dir dir, uint8_t flags)
{
	if (flags & TCP_ACK)
		return false;
	*t = tcp_open(dir, flags);
	return true;
}

/* The connection may be alive: a RST and a SYN from outside can be forged, so
 * what begins it anew is the inside's SYN, or its answer to one. */
static bool on_syn_again(struct tcp_track *t, enum nat_dir dir, uint8_t flags)
{
	if (dir == DIR_IN) {
		t->syn |= 1 << DIR_IN;
		return false;
	}
	*t = tcp_open(dir, flags);
	if (flags & TCP_ACK)
		t->state = TCP_SYN_RECEIVED;
	return true;
}

static bool on_syn(struct tcp_track *t, enum nat_dir dir, uint8_t flags)
{
	switch ((enum tcp_state)t->state) {
	case TCP_SYN_SENT:
		t->syn |= (uint8_t)(1 << dir);
		if (dir == DIR_IN)
			t->state = TCP_SYN_RECEIVED;
		return true;
	case TCP_SYN_RECEIVED:
		/* The outside may repeat its SYN for ever, unanswered. */
		t->syn |= (uint8_t)(1 << dir);
		return dir == DIR_OUT;
	case TCP_RESET:
	case TCP_PICKED_UP:
		return on_syn_again(t, dir, flags);
	case TCP_TIME_WAIT:
		return anew(t, dir, flags);
	case TCP_CLOSING:
		return dir == DIR_OUT && anew(t, dir, flags);
	case TCP_ESTABLISHED:
	case TCP_STATES_N:
		break;
	}
	return false; /* RFC 5961 4: the other end asks what this is */
}

static bool on_fin(struct tcp_track *t, enum nat_dir dir)
{
	t->fin |= (uint8_t)(1 << dir);
	t->state = both(t->fin) ? TCP_TIME_WAIT : TCP_CLOSING;
	return true;
}

bool tcp_step(struct tcp_track *t, enum nat_dir dir, uint8_t flags, bool data)
{
	if (flags & TCP_RST) {
		if (t->state != TCP_TIME_WAIT)
			t->state = TCP_RESET;
		return false;
	}
	if (flags & TCP_SYN)
		return on_syn(t, dir, flags);
	switch ((enum tcp_state)t->state) {
	case TCP_SYN_SENT:
		return false; /* nothing to acknowledge yet */
	case TCP_SYN_RECEIVED:
		if (!both(t->syn) || !(flags & TCP_ACK))
			return false;
		t->state = TCP_ESTABLISHED;
		break;
	case TCP_PICKED_UP:
		if (dir == DIR_IN)
			t->state = TCP_ESTABLISHED;
		break;
	case TCP_RESET: /* RFC 7857 2.2: unless data resumes */
		if (!data || !both(t->syn))
			return false;
		t->state = both(t->fin) ? TCP_TIME_WAIT
			   : t->fin	? TCP_CLOSING
					: TCP_ESTABLISHED;
		break;
	case TCP_TIME_WAIT:
		return false; /* it is over, whatever is repeated */
	case TCP_ESTABLISHED:
	case TCP_CLOSING:
	case TCP_STATES_N:
		break;
	}
	return flags & TCP_FIN ? on_fin(t, dir) : true;
}

uint32_t tcp_timeout_ms(const struct nat_timers *timers, enum tcp_state state)
{
	switch (state) {
	case TCP_ESTABLISHED:
		return timers->tcp_established;
	case TCP_TIME_WAIT:
		return timers->tcp_time_wait;
	case TCP_RESET:
		return timers->tcp_rst;
	case TCP_SYN_SENT:
	case TCP_SYN_RECEIVED:
	case TCP_PICKED_UP:
	case TCP_CLOSING:
	case TCP_STATES_N:
		break;
	}
	return timers->tcp_transitory;
}

const char *tcp_state_name(enum tcp_state state)
{
	static const char *const names[] = {
#define X(id, name) [TCP_##id] = name,
		TCP_STATES(X)
#undef X
	};

	return names[state];
}
