/* password.c - a new password from the terminal, without showing it.
 *
 * Called by client.c. The terminal shows again what is typed even if the
 * question is interrupted: signals wait until it does. */
#include "password.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int read_line(char out[PASSWORD_MAX])
{
	size_t len;

	if (!fgets(out, PASSWORD_MAX, stdin))
		return -EINVAL;
	len = strcspn(out, "\n");
	if (!out[len] && len == PASSWORD_MAX - 1)
		return -EINVAL;
	out[len] = '\0';
	return 0;
}

static int ask_hidden(const char *question, char out[PASSWORD_MAX])
{
	struct termios shown, hidden;
	sigset_t all, before;
	int r;

	tcgetattr(STDIN_FILENO, &shown);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	fputs(question, stderr);
	r = read_line(out);
	fputc('\n', stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int ask_password(char out[PASSWORD_MAX], struct error *err)
{
	char again[PASSWORD_MAX];
	int r;

	if (!isatty(STDIN_FILENO)) {
		r = read_line(out);
		return r ? error_set(err, r, "pipe a password in, one line")
			 : 0;
	}
	r = ask_hidden("New password: ", out);
	if (!r)
		r = ask_hidden("Once more: ", again);
	if (r)
		return error_set(err, r, "no password was given");
	r = strcmp(out, again);
	explicit_bzero(again, sizeof(again));
	return r ? error_set(err, -EINVAL, "the two differ; nothing changed")
		 : 0;
}
