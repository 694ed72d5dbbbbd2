/* dump.c - copies sessions and mappings out of the NAT, a bit per turn; or asks
 * it which kind of cone it is.
 * Made and finished by engine.c, stepped by worker.c. */
#include "dump.h"

#include <netinet/in.h>
#include <stdlib.h>

static bool step_flows(struct dump *d, struct nat *nat,
		       const struct engine_conf *conf, uint64_t now_ms)
{
	struct flow_row *rows = d->store;
	unsigned n = 0;
	bool more;

	(void)conf;
	more = nat_flows(nat, &d->cursor, rows + d->rows.n, d->max - d->rows.n,
			 DUMP_SLOTS, &n, now_ms);

	d->rows.n += n;
	return !more;
}

static bool step_mappings(struct dump *d, struct nat *nat,
			  const struct engine_conf *conf, uint64_t now_ms)
{
	struct mapping_row *rows = d->store;
	unsigned n = 0;
	bool more;

	(void)conf;
	more = nat_mappings(nat, &d->cursor, rows + d->rows.n,
			    d->max - d->rows.n, DUMP_SLOTS, &n, now_ms);

	d->rows.n += n;
	return !more;
}

static bool step_cones(struct dump *d, struct nat *nat,
		       const struct engine_conf *conf, uint64_t now_ms)
{
	static const uint8_t protos[] = { IPPROTO_UDP, IPPROTO_TCP };
	struct cone_row *rows = d->store;

	if (!conf)
		return true;
	nat_cone(nat, conf, protos[d->rows.n], &rows[d->rows.n], now_ms);
	return ++d->rows.n == sizeof(protos);
}

static const struct {
	bool (*step)(struct dump *d, struct nat *nat,
		     const struct engine_conf *conf, uint64_t now_ms);
	size_t row;
} tables[ENGINE_TABLES] = {
	[ENGINE_FLOWS] = { step_flows, sizeof(struct flow_row) },
	[ENGINE_MAPPINGS] = { step_mappings, sizeof(struct mapping_row) },
	[ENGINE_CONES] = { step_cones, sizeof(struct cone_row) },
};

struct dump *dump_new(enum engine_table table, unsigned max,
		      void (*done)(void *arg, const struct engine_rows *rows),
		      void *arg)
{
	struct dump *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->store = calloc(max, tables[table].row);
	if (!d->store) {
		free(d);
		return NULL;
	}
	d->step = tables[table].step;
	d->rows.flows = table == ENGINE_FLOWS ? d->store : NULL;
	d->rows.mappings = table == ENGINE_MAPPINGS ? d->store : NULL;
	d->rows.cones = table == ENGINE_CONES ? d->store : NULL;
	d->done = done;
	d->arg = arg;
	d->max = max;
	return d;
}

bool dump_step(struct dump *d, struct nat *nat, const struct engine_conf *conf,
	       uint64_t now_ms)
{
	if (!d->whole)
		d->whole = d->rows.n == d->max || d->step(d, nat, conf, now_ms);
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
