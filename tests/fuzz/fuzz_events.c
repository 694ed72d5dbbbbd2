/* fuzz_events.c - any bytes as the files of events and of habits: what is read
 * is written, and read again to the same. */
#include <stdlib.h>
#include <string.h>

#include "../../ctl/analysis/events.h"
#include "../../ctl/analysis/habit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(void *a, size_t a_len, void *b, size_t b_len)
{
	if (!a || !b || a_len != b_len || memcmp(a, b, a_len))
		abort();
	free(a);
	free(b);
}

static void events(const uint8_t *data, size_t size)
{
	struct events *e = events_new(), *again = events_new();
	size_t len, len2;
	void *out;

	if (!e || !again)
		abort();
	events_read(e, data, size);
	out = events_write(e, &len);
	if (!out || events_read(again, out, len))
		abort();
	data = events_write(again, &len2);
	same(out, len, (void *)(uintptr_t)data, len2);
	events_free(e);
	events_free(again);
}

static void habits(const uint8_t *data, size_t size)
{
	struct habits *h = habits_new(), *again = habits_new();
	size_t len, len2;
	void *out;

	if (!h || !again)
		abort();
	habits_read(h, data, size);
	out = habits_write(h, &len);
	if (!out || habits_read(again, out, len))
		abort();
	data = habits_write(again, &len2);
	same(out, len, (void *)(uintptr_t)data, len2);
	habits_free(h);
	habits_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	events(data, size);
	habits(data, size);
	return 0;
}
