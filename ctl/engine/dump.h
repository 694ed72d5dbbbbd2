/* dump.h - a copy of a table in the making.
 *
 * The control thread makes one and hands it over by command, the engine fills
 * it a bit at a time, the control thread gets it back and calls whoever
 * wanted it. It belongs to the thread that has it. */
#ifndef ENGINE_DUMP_H
#define ENGINE_DUMP_H

#include "engine.h"
#include "nat/nat.h"

#define DUMP_SLOTS 512 /* table slots looked at in one step */

struct dump {
	struct dump *next; /* in the engine's queue */
	bool (*step)(struct dump *d, struct nat *nat,
		     const struct engine_conf *conf, uint64_t now_ms);
	void (*done)(void *arg, const struct engine_rows *rows);
	void *arg;
	uint32_t cursor;
	struct engine_rows rows;
	unsigned max;
	bool whole;
	void *store; /* the rows' memory */
};

/* Room for 'max' rows, touched only as they come. NULL: out of memory. */
struct dump *dump_new(enum engine_table table, unsigned max,
		      void (*done)(void *arg, const struct engine_rows *rows),
		      void *arg);
/* Engine thread: copies on; true when the copy is whole, or full. 'conf' NULL:
 * it stands still, or there is none yet. */
bool dump_step(struct dump *d, struct nat *nat, const struct engine_conf *conf,
	       uint64_t now_ms);
/* Control thread: calls 'done' with what there is and frees. */
void dump_finish(struct dump *d);
/* Control thread: nobody is called. */
void dump_free(struct dump *d);

#endif
