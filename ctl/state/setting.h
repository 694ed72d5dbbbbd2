/* setting.h - one setting: its key, its type, its check, its default.
 *
 * The table in setting.c is the only place that lists them; settings.c derives
 * the file, the patch and the command line's values from it. Pure. */
#ifndef STATE_SETTING_H
#define STATE_SETTING_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "settings.h"

#define SETTING_KEY_MAX	 64  /* longest key, NUL included */
#define SETTING_ROWS_MAX 64  /* of the table */
#define SETTING_TEXT_MAX 260 /* longest text of a list's item, NUL included */

/* The items of a list, and how they are written. */
struct setting_item {
	size_t size;
	const char *wants; /* completes "'x' is not …" */
	bool (*parse)(const char *text, void *item);
	void (*format)(const void *item, char buf[SETTING_TEXT_MAX]);
	/* May these two not stand in one list? */
	bool (*clash)(const void *a, const void *b);
	/* Items that are objects in JSON: to the text, false: it says something
	 * else; and back. NULL: they are strings. */
	bool (*read)(const json_t *value, char buf[SETTING_TEXT_MAX]);
	json_t *(*write)(const void *item);
};

enum setting_kind { SETTING_LIST, SETTING_TEXT, SETTING_NUMBER };

struct setting {
	const char *key;
	enum setting_kind kind;
	size_t at; /* of the value in struct settings */
	union {
		struct {
			size_t count_at;
			unsigned max;
			const struct setting_item *item;
		} list; /* default: empty */
		struct {
			size_t size;
			const char *initial, *wants;
			bool (*check)(const char *text);
		} text;
		struct {
			uint32_t min, max, initial;
		} number;
	};
};

extern const struct setting setting_table[];
extern const unsigned setting_table_n;

/* NULL: no such key. */
const struct setting *setting_find(const char *key);
/* Restores the default. */
void setting_reset(const struct setting *s, struct settings *in);
/* Checks 'value' and stores it. On error 'in' is in part changed. */
int setting_set(const struct setting *s, const json_t *value,
		struct settings *in, struct error *err);
/* New reference; NULL: out of memory. */
json_t *setting_json(const struct setting *s, const struct settings *in);

#endif
