/* fuzz_sessions.c - any bytes as the file of who is logged in: it is refused,
 * and nobody is, or what it tells is written and read again to the same, and
 * none of it lasts longer than a session may. */
#include <stdlib.h>
#include <string.h>

#include "ctl/api/sessions_file.h"

#define PASSWORD ""
#define NOW_MS	 (100 * SESSION_TOTAL_MS)
#define WALL_MS	 1767268800000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sessions_clock at = { NOW_MS, WALL_MS };

static unsigned count(const struct sessions *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SESSIONS_MAX; i++) {
		const struct session *one = &s->list[i];

		if (!one->began_ms)
			continue;
		n++;
		if (one->began_ms > NOW_MS || one->used_ms > NOW_MS ||
		    NOW_MS - one->began_ms >= SESSION_TOTAL_MS ||
		    !sessions_holds(s, one->hash, NOW_MS))
			abort();
	}
	return n;
}

static void read_file(const void *bytes, size_t len)
{
	struct sessions s = { 0 }, again = { 0 };
	size_t out_len;
	void *out;
	int err = sessions_read(&s, PASSWORD, &at, bytes, len);
	unsigned n = count(&s);

	if ((err && n) ||
	    memcmp(s.guessers, again.guessers, sizeof(s.guessers)))
		abort();
	out = sessions_write(&s, PASSWORD, &at, &out_len);
	if (!out || out_len > SESSIONS_FILE_MAX ||
	    sessions_read(&again, PASSWORD, &at, out, out_len))
		abort();
	if (count(&again) != n || memcmp(s.list, again.list, sizeof(s.list)))
		abort();
	free(out);
	if (n && !sessions_read(&again, "another", &at, bytes, len) &&
	    count(&again))
		abort();
}

/* As they are, and behind the head of a file of this password. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sessions none;
	uint8_t *file;
	size_t head;
	void *empty = sessions_write(&none, PASSWORD, &at, &head);

	if (!empty)
		abort();
	file = malloc(head + size);
	if (!file)
		abort();
	read_file(data, size);
	memcpy(file, empty, head);
	head--; /* that there are none */
	if (size)
		memcpy(file + head, data, size);
	read_file(file, head + size);
	free(empty);
	free(file);
	return 0;
}
