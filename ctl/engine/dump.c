/* dump.c - copies sessions and mappings out of the NAT, a bit per turn.
 * Made and finished by engine.c, stepped by worker.c. */
#include "dump.h"

#include <stdlib.h>

static bool step_flows(struct dump *d, const struct nat *nat, uint64_t now_ms)
{
	struct flow_row *rows = d->store;
	unsigned n = 0;
	bool more = nat_flows(nat, &d->cursor, rows + d->rows.n,
			      d->max - d->rows.n, DUMP_SLOTS, &n, now_ms);

	d->rows.n += n;
	return !more;
}

static bool step_mappings(struct dump *d, const struct nat *nat,
			  uint64_t now_ms)
{
	struct mapping_row *rows = d->store;
	unsigned n = 0;
	bool more = nat_mappings(nat, &d->cursor, rows + d->rows.n,
				 d->max - d->rows.n, DUMP_SLOTS, &n, now_ms);

	d->rows.n += n;
	return !more;
}

struct dump *dump_new(enum engine_table table, unsigned max,
		      void (*done)(void *arg, const struct engine_rows *rows),
		      void *arg)
{
	bool flows = table == ENGINE_FLOWS;
	struct dump *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->store = calloc(max, flows ? sizeof(struct flow_row)
				     : sizeof(struct mapping_row));
	if (!d->store) {
		free(d);
		return NULL;
	}
	d->step = flows ? step_flows : step_mappings;
	d->rows.flows = flows ? d->store : NULL;
	d->rows.mappings = flows ? NULL : d->store;
	d->done = done;
	d->arg = arg;
	d->max = max;
	return d;
}

bool dump_step(struct dump *d, const struct nat *nat, uint64_t now_ms)
{
	if (!d->whole)
		d->whole = d->rows.n == d->max || d->step(d, nat, now_ms);
	return d->whole;
}

void dump_finish(struct dump *d)
{
	d->done(d->arg, &d->rows);
	dump_free(d);
}

void dump_free(struct dump *d)
{
	free(d->store);
	free(d);
}
