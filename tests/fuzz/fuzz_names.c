/* fuzz_names.c - any bytes as the records of the file of names: what is taken
 * over can be asked for by its number and by its text, goes on being used, and
 * the next process finds the same. */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/base/bytes.h"
#include "ctl/base/names.h"

#define MAX	   8u
#define HEAD_BYTES 4096
#define RECORD	   128
#define STEPS_MAX  32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void end(void)
{
	unlink(path);
}

/* A head as names_file.c writes it; 'how': what is wrong with it. */
static void write_file(struct rd *r)
{
	static uint8_t file[HEAD_BYTES + MAX * RECORD];
	uint8_t how = rd_u8(r);
	uint32_t layout = how & 1 ? how : 1, max = how & 2 ? how : MAX;
	size_t len = sizeof(file) - (how & 4 ? how : 0);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memset(file, 0, sizeof(file));
	memcpy(file, how & 8 ? "PCNAMES0" : "PCNAMES1", 8);
	memcpy(file + 8, &layout, 4);
	memcpy(file + 12, &max, 4);
	file[16] = how & 16 ? 0 : 77;
	for (unsigned i = 1; i < MAX; i++) {
		uint8_t *record = file + HEAD_BYTES + (size_t)i * RECORD;
		size_t n = rd_u8(r) % (RECORD + 1);

		memset(record + 4, how & 32 ? 'a' : 0, RECORD - 4);
		n = n < rd_left(r) ? n : rd_left(r);
		rd_bytes(r, record, n);
		if (how & 64)
			record[0] = (uint8_t)((record[0] & ~7u) | i);
	}
	assert(fd >= 0 && write(fd, file, len) == (ssize_t)len);
	close(fd);
}

static struct names *take_over(uint64_t *line)
{
	struct names *n = names_new(MAX);

	assert(n && !names_keep(n, path));
	*line = names_line(n);
	assert(*line);
	return n;
}

static void check(struct names *n, uint32_t id)
{
	const char *text = names_text(n, id);

	assert(!text || names_id(n, text, strlen(text)) == id);
}

static void use(struct names *n, struct rd *r)
{
	uint32_t id = 0;

	for (unsigned i = 0; i < STEPS_MAX && rd_left(r); i++) {
		uint8_t what = rd_u8(r);
		char text[NAMES_LEN_MAX];
		size_t len = what % 4 ? rd_u8(r) % 16 : rd_u8(r);

		len = len < rd_left(r) ? len : rd_left(r);
		len = len < sizeof(text) ? len : sizeof(text);
		rd_bytes(r, text, len);
		id = names_id(n, text, len);
		if (what & 16)
			names_hold(n, id);
		if (what & 32)
			names_drop(n, what);
		check(n, id);
		names_has_place(n, id);
		assert(names_count(n) < MAX);
	}
}

/* But for texts that are longer than a record, all of them. */
static void compare(const struct names *was, const struct names *is)
{
	for (uint32_t id = 1; id < 256; id++) {
		const char *a = names_text(was, id), *b = names_text(is, id);

		assert(!b || (a && !strcmp(a, b)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct names *n, *next;
	uint64_t line, again;

	if (!*path) {
		snprintf(path, sizeof(path), "/dev/shm/fuzz_names.%d",
			 (int)getpid());
		atexit(end);
	}
	write_file(&r);
	n = take_over(&line);
	for (uint32_t id = 1; id < 256; id++)
		check(n, id);
	use(n, &r);
	next = take_over(&again);
	assert(line == again);
	compare(n, next);
	names_free(next);
	names_free(n);
	return 0;
}
