/* query.h - what moved in a span of time, step by step and by whom.
 *
 * Pure: reads a snapshot, in any thread. For a span that is kept, the groups
 * add up to the total and the steps do, and both are what the ledger gave. */
#ifndef HISTORY_QUERY_H
#define HISTORY_QUERY_H

#include "../base/error.h"
#include "history.h"

#define QUERY_POINTS_MAX 10000
#define QUERY_GROUPS_MAX 10000

enum query_group { QUERY_BY_DEVICE, QUERY_BY_REMOTE, QUERY_BY_PAIR };

struct query {
	uint64_t from_ms, to_ms; /* civil time */
	uint64_t step_ms;	 /* 0: the finest that is kept and fits */
	enum query_group group;
	unsigned groups; /* at most so many, the largest; the rest are others */

	bool by_device, by_addr, by_name;
	struct mac device;
	struct addr addr;
	char name[NAMES_LEN_MAX + 1]; /* in either case */
};

/* What of it is not asked for is zero or NULL. A remote that has a name is its
 * name, by whatever address; 'remote' is then one of these. */
struct query_row {
	struct mac host;
	struct addr remote; /* zero: others */
	const char *name;   /* as long as the snapshot */
	struct traffic_sum sum;
};

struct query_answer {
	uint64_t from_ms, to_ms, step_ms;
	unsigned tier; /* that it was read from */
	unsigned n;
	uint64_t *rx, *tx;		/* bytes of each step */
	bool *known;			/* was any of the step recorded? */
	struct traffic_sum total, most; /* 'most' is of a single step each */
	unsigned rows_n;
	struct query_row *rows; /* largest first; others last, if any */
};

/* Completes and checks: rounds the span out to whole steps, chooses a step and
 * the tier. -EINVAL and a sentence that begins with the parameter's name. */
int query_prepare(struct query *q, const uint64_t from_ms[TIERS],
		  unsigned *tier, struct error *err);
/* 0 or -ENOMEM. Of a query that was prepared. */
int query_run(const struct query *q, unsigned tier,
	      const struct snapshot_of_history *s, struct query_answer *out);
void query_free(struct query_answer *a);

#endif
