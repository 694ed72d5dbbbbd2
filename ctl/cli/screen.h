/* screen.h - a terminal to draw on, given back as it was found.
 *
 * The few control sequences that every terminal of the last forty years knows,
 * instead of ncurses: the executable stays one that runs with what is on the
 * machine, without a terminfo database. One at a time. */
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct screen_size {
	unsigned columns, rows;
};

/* Takes the terminal: another page of it, no cursor, keys at once. SIGINT,
 * SIGTERM, SIGHUP and SIGQUIT are noted from here on, SIGTSTP gives the
 * terminal back for as long as it lasts. */
void screen_open(void);
/* Gives it back. */
void screen_close(void);

struct screen_size screen_size(void);
/* Draws from the first line on; lines end with "\n" and are not wider than the
 * screen. false: nobody looks any more. */
bool screen_draw(const char *lines, size_t len);
/* Waits for a key: it, 0 after 'ms' or when the size is another, or -1: a
 * signal wants us to end. */
int screen_key(unsigned ms);
/* That signal; 0: none did. */
int screen_signal(void);

#endif
