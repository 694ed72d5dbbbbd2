/* table.h - columns of text for a terminal.
 *
 * Cells are cleaned as they come in: what a device calls itself must not drive
 * the terminal of who looks. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 16

struct table;

/* 'heads' are static; one that begins with '>' is set to the right. */
struct table *table_new(const char *const *heads, unsigned n);
void table_free(struct table *t);
/* Fills rows from left to right; the next row begins by itself. NULL or "":
 * an en dash. */
void table_add(struct table *t, const char *text);
void table_print(const struct table *t, FILE *out);

/* The character at '*s', which moves on behind it: how many columns of a
 * terminal it takes, 0 to 2. What table_clean() wrote, not at its end. */
unsigned table_step(const char **s);

/* Copies 'text' with '?' for control characters (also U+0080 to U+009F and
 * those that turn the direction of text) and for what is not UTF-8. */
void table_clean(const char *text, char *out, size_t size);

#endif
