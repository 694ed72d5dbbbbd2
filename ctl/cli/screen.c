/* screen.c - see screen.h. Called by top.c. The only thread.
 * Invariant: while 'taken', the terminal is ours and 'before' is how it was. */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Another page, no cursor, long lines cut; and back. */
#define TAKE "\033[?1049h\033[?25l\033[?7l\033[2J"
#define GIVE "\033[?7h\033[?25h\033[?1049l"

static struct termios before;
static bool taken, has_keys;
static volatile sig_atomic_t ended, paused, resized;

static bool put(const char *at, size_t len)
{
	ssize_t n;

	for (; len; at += n, len -= (size_t)n) {
		n = write(STDOUT_FILENO, at, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		n = n < 0 ? 0 : n;
	}
	return true;
}

static void take(void)
{
	struct termios raw;

	has_keys = !tcgetattr(STDIN_FILENO, &before);
	if (has_keys) {
		raw = before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	}
	taken = true;
	put(TAKE, strlen(TAKE));
}

static void give(void)
{
	if (!taken)
		return;
	taken = false;
	put(GIVE, strlen(GIVE));
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

/* ---- signals: noted here, obeyed in screen_key() */

static void on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else if (number == SIGTSTP)
		paused = 1;
	else
		ended = number;
}

static const int watched[] = { SIGINT,	SIGTERM, SIGHUP,
			       SIGQUIT, SIGTSTP, SIGWINCH };

static void watch(sigset_t *blocked)
{
	struct sigaction act = { .sa_handler = on_signal };
	unsigned i;

	sigemptyset(blocked);
	for (i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		sigaddset(blocked, watched[i]);
		sigaction(watched[i], &act, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

void screen_open(void)
{
	sigset_t blocked;

	watch(&blocked);
	/* They come while screen_key() waits, and nowhere else. */
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	take();
}

void screen_close(void)
{
	give();
}

int screen_signal(void)
{
	return ended;
}

/* Stops, until who started us lets us go on. */
static void pause_here(void)
{
	paused = 0;
	give();
	raise(SIGSTOP);
	take();
}

/* ---- drawing and keys */

struct screen_size screen_size(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !w.ws_col || !w.ws_row)
		return (struct screen_size){ 80, 24 };
	return (struct screen_size){ w.ws_col, w.ws_row };
}

/* Each line clears what was behind it, so that nothing flickers. */
bool screen_draw(const char *lines, size_t len)
{
	const char *end = lines + len, *line;
	bool there = put("\033[H", 3);

	for (line = lines; there && line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((stop ? stop : end) - line);

		there = put(line, n) && put("\033[K", 3);
		line += n + 1;
		if (there && line < end)
			there = put("\n", 1);
	}
	return there && put("\033[J", 3);
}

int screen_key(unsigned ms)
{
	struct pollfd p = { .fd = has_keys ? STDIN_FILENO : -1,
			    .events = POLLIN };
	const struct timespec patience = { .tv_sec = ms / 1000,
					   .tv_nsec = ms % 1000 * 1000000L };
	unsigned char key;
	sigset_t none;
	ssize_t n;

	sigemptyset(&none);
	resized = 0;
	if (ppoll(&p, 1, &patience, &none) > 0) {
		n = read(STDIN_FILENO, &key, 1);
		if (n == 1)
			return key;
		/* The terminal is gone. */
		if (!n || errno != EINTR)
			ended = ended ? ended : SIGHUP;
	}
	if (paused)
		pause_here();
	return ended ? -1 : 0;
}
