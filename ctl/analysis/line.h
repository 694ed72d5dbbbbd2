/* line.h - the line to the provider: how long it takes, what it loses, and
 * detector: it does worse than it usually does.
 *
 * Fed with the outcome of a ping a second. Pure. A gateway of the provider that
 * never answered has no loss: it does not speak. */
#ifndef ANALYSIS_LINE_H
#define ANALYSIS_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_PINGS	 60	/* the last minute */
#define LINE_SPEAKS	 30	/* answers before silence means anything */
#define LINE_LOSS_LEAST	 12	/* lost of LINE_PINGS: a fifth is news */
#define LINE_TIMES	 3	/* as slow as usual … */
#define LINE_MORE_US	 50000u /* … and this much slower */
#define LINE_USUAL_LEAST 10	/* minutes before "usual" means anything */

enum line_news { LINE_NOTHING, LINE_LOSES, LINE_SLOW };

struct line {
	unsigned n;		 /* outcomes in the ring */
	unsigned next;		 /* place of the next */
	uint32_t us[LINE_PINGS]; /* UINT32_MAX: lost */
	unsigned answers;	 /* ever; stops at LINE_SPEAKS */
	unsigned since_minute;	 /* outcomes */
	unsigned minutes;	 /* that 'usual_us' was learned from */
	uint32_t usual_us;	 /* a slow average of each minute's middle */
	bool losing, slow;	 /* told already */
};

/* Another gateway, another line. */
static inline void line_reset(struct line *l)
{
	*l = (struct line){ 0 };
}

/* Has it answered often enough for a silence to mean anything? */
static inline bool line_speaks(const struct line *l)
{
	return l->answers >= LINE_SPEAKS;
}

/* A ping took 'us', or (UINT32_MAX) was lost. */
enum line_news line_step(struct line *l, uint32_t us);
unsigned line_lost(const struct line *l); /* of those of the last minute */
/* The same as a part of all, 0..1; below 0: not known. */
double line_loss(const struct line *l);
/* The last minute's middle; 0: not known. */
uint32_t line_latency_us(const struct line *l);

#endif
