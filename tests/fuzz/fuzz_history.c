/* fuzz_history.c - any bytes as the file of history, or as the content of a
 * frame whose checksum is right: what is read can be asked for, and the rows of
 * an answer add up. */
#include <stdlib.h>
#include <string.h>

#include "../../ctl/history/query.h"
#include "../../ctl/history/store.h"

#define NOON 1767268800000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct history *h, unsigned tier)
{
	struct query q = { .from_ms = NOON - 600000,
			   .to_ms = NOON,
			   .step_ms = tier_step_ms(tier),
			   .group = QUERY_BY_PAIR,
			   .groups = 10 };
	const uint64_t from_ms[TIERS] = { 0 };
	struct snapshot_of_history *s = history_snapshot(h, HISTORY_ALL);
	struct query_answer a;
	uint64_t rx = 0;
	unsigned found;
	struct error err;

	if (!s || query_prepare(&q, from_ms, &found, &err) ||
	    query_run(&q, found, s, &a))
		abort();
	for (unsigned i = 0; i < a.n; i++)
		rx += a.rx[i];
	for (unsigned i = 0; i < a.rows_n; i++)
		rx -= a.rows[i].sum.rx_bytes;
	if (rx)
		abort();
	query_free(&a);
	history_release(h, s);
}

static void read_file(const uint8_t *bytes, size_t len)
{
	static const struct hash_key key;
	const struct history_now now = { 1000, 1000, NOON };
	struct names *names = names_new(64);
	struct history *h = history_new(names, &key, HISTORY_BUDGET_MIN);
	struct store_content c;

	if (!names || !h || store_parse(bytes, len, &c))
		abort();
	history_clock(h, &now);
	store_adopt(h, &c);
	history_day(h, NOON - 300000);
	for (unsigned t = 0; t < TIERS; t++)
		ask(h, t);
	history_free(h);
	names_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t magic[8] = { 'P', 'C', 'H', 'I',
					  'S', 'T', '1', '\n' };
	static const struct hash_key none;
	uint8_t *file = malloc(sizeof(magic) + 12 + size);
	struct wr w = wr_init(file, sizeof(magic) + 12 + size);
	uint64_t sum = hash_bytes(&none, data, size);

	if (!file)
		abort();
	if (size)
		read_file(data, size);
	wr_bytes(&w, magic, sizeof(magic));
	wr_be32(&w, (uint32_t)size);
	wr_be32(&w, (uint32_t)(sum >> 32));
	wr_be32(&w, (uint32_t)sum);
	wr_bytes(&w, data, size);
	read_file(file, wr_len(&w));
	free(file);
	return 0;
}
