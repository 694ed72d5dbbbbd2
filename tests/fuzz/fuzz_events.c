/* fuzz_events.c - any bytes as the files of events, of habits, of evidence and
 * of DHCP's diary: what is read is written, and read again to the same. */
#include <stdlib.h>
#include <string.h>

#include "../../ctl/analysis/events.h"
#include "../../ctl/analysis/evidence.h"
#include "../../ctl/analysis/habit.h"
#include "../../ctl/dhcp/diary.h"

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

static void evidence(const uint8_t *data, size_t size)
{
	struct evidence *e = evidence_new(), *again = evidence_new();
	size_t len, len2;
	void *out;

	if (!e || !again)
		abort();
	evidence_read(e, data, size);
	out = evidence_write(e, &len);
	if (!out || evidence_read(again, out, len))
		abort();
	data = evidence_write(again, &len2);
	same(out, len, (void *)(uintptr_t)data, len2);
	evidence_free(e);
	evidence_free(again);
}

static void diary(const uint8_t *data, size_t size)
{
	struct diary d = { 0 }, again = { 0 };
	size_t len, len2;
	void *out;

	diary_read(&d, data, size);
	out = diary_write(&d, &len);
	if (!out || diary_read(&again, out, len))
		abort();
	data = diary_write(&again, &len2);
	same(out, len, (void *)(uintptr_t)data, len2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	events(data, size);
	habits(data, size);
	evidence(data, size);
	diary(data, size);
	return 0;
}
