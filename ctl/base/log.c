/* log.c - see log.h.
 *
 * A line is one write(2), so that lines of two threads never mix. Names that
 * strangers chose come along in arguments: control characters, which could
 * forge a line or drive a terminal, leave as '?'. */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static _Atomic int level_max = LOG_LEVEL_INFO;

/* Is stderr the stream that systemd connected to its journal? It says so as
 * "device:inode" in JOURNAL_STREAM (systemd.exec(5)). */
static bool to_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long device, inode;
	struct stat st;

	if (!stream || sscanf(stream, "%lu:%lu", &device, &inode) != 2)
		return false;
	return !fstat(STDERR_FILENO, &st) && st.st_dev == device &&
	       st.st_ino == inode;
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_max, (int)level, memory_order_relaxed);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	size_t at = 0, end;
	va_list args;
	int n;

	if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
		return;
	if (to_journal())
		at = (size_t)snprintf(line, sizeof(line), "<%d>", (int)level);
	va_start(args, fmt);
	n = vsnprintf(line + at, sizeof(line) - at, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	end = at + (size_t)n;
	if (end > sizeof(line) - 1)
		end = sizeof(line) - 1;
	for (; at < end; at++)
		if ((unsigned char)line[at] < ' ' || line[at] == 0x7f)
			line[at] = '?';
	line[end++] = '\n';
	/* Nobody is left to be told when stderr is gone. */
	if (write(STDERR_FILENO, line, end) < 0)
		return;
}
