/* urgency.h - the engine thread goes before all others while it has little to
 * do, for a packet that waits for a busy core waits for tens of milliseconds.
 *
 * It may use a third of a core like that. With more to do it is one thread
 * among others, so that a flood does not keep the machine from its owner.
 * Engine thread only. */
#ifndef ENGINE_URGENCY_H
#define ENGINE_URGENCY_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: an ordinary thread that has not been looked at. */
struct urgency {
	bool urgent;
	bool refused; /* the kernel does not let us */
	uint64_t looked_ms;
	uint64_t used_us;  /* of the processor, until then */
	uint64_t until_ms; /* ordinary until then at least */
};

/* Should it be urgent, having used so much of the processor until now? Changes
 * nothing of the thread. */
bool urgency_weigh(struct urgency *u, uint64_t now_ms, uint64_t used_us);

/* After every turn: looks now and then, and changes the calling
 * thread's class when it is time. */
void urgency_turn(struct urgency *u, uint64_t now_ms);

#endif
