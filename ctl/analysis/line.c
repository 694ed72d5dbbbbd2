/* line.c - detector: the line to the provider. Called by analysis.c. Pure.
 * What is usual is learned from good minutes; from slow ones too, but so slowly
 * that a bad evening does not become the measure. */
#include "line.h"

#include <stdlib.h>

#define LOST	UINT32_MAX
#define QUICKLY 16 /* a part of the difference, a minute */
#define SLOWLY	256

unsigned line_lost(const struct line *l)
{
	unsigned i, n = 0;

	for (i = 0; i < l->n; i++)
		n += l->us[i] == LOST;
	return n;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t line_latency_us(const struct line *l)
{
	uint32_t sorted[LINE_PINGS];
	unsigned i, n = 0;

	for (i = 0; i < l->n; i++)
		if (l->us[i] != LOST)
			sorted[n++] = l->us[i];
	if (!n)
		return 0;
	qsort(sorted, n, sizeof(sorted[0]), by_size);
	return sorted[n / 2];
}

double line_loss(const struct line *l)
{
	if (!l->n || !line_speaks(l))
		return -1;
	return (double)line_lost(l) / l->n;
}

static bool is_slow(const struct line *l, uint32_t middle)
{
	return l->minutes >= LINE_USUAL_LEAST &&
	       middle >= l->usual_us + LINE_MORE_US &&
	       middle / LINE_TIMES >= l->usual_us;
}

/* Once a minute. */
static enum line_news judge_minute(struct line *l)
{
	uint32_t middle = line_latency_us(l);
	bool was = l->slow;

	if (!middle)
		return LINE_NOTHING;
	l->slow = is_slow(l, middle);
	if (l->slow) {
		l->usual_us += (middle - l->usual_us) / SLOWLY;
		return was ? LINE_NOTHING : LINE_SLOW;
	}
	if (!l->minutes++)
		l->usual_us = middle;
	else if (middle > l->usual_us)
		l->usual_us += (middle - l->usual_us) / QUICKLY;
	else
		l->usual_us -= (l->usual_us - middle) / QUICKLY;
	return LINE_NOTHING;
}

static enum line_news judge_loss(struct line *l)
{
	bool was = l->losing;
	unsigned n = line_lost(l);

	if (!line_speaks(l))
		return LINE_NOTHING;
	/* It has to be good again before it is news again. */
	l->losing = n >= LINE_LOSS_LEAST || (was && n > 2);
	return l->losing && !was ? LINE_LOSES : LINE_NOTHING;
}

enum line_news line_step(struct line *l, uint32_t us)
{
	enum line_news news;

	l->us[l->next++ % LINE_PINGS] = us;
	if (l->n < LINE_PINGS)
		l->n++;
	if (us != LOST && l->answers < LINE_SPEAKS)
		l->answers++;
	news = judge_loss(l);
	if (++l->since_minute < LINE_PINGS || news)
		return news;
	l->since_minute = 0;
	return judge_minute(l);
}
