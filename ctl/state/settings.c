/* settings.c - the owner's choices as a whole: read, patched, kept.
 *
 * Called by gateway.c (open, get) and the API (json, patch); settings_value()
 * also by the command line. Control thread only.
 * Invariant: what settings_get() shows is what the file says. */
#include "settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "setting.h"

#define FILE_MAX  (1 << 20)
#define FILE_MODE 0600

struct settings_store {
	char path[PATH_MAX];
	struct settings now;
	settings_judge *judge;
	void *judge_arg;
};

/* One patch on its way through its objects. */
struct patch {
	struct settings next;
	bool seen[SETTING_ROWS_MAX]; /* a key may be named once */
};

static void defaults(struct settings *out)
{
	unsigned i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < setting_table_n; i++)
		setting_reset(&setting_table[i], out);
}

/* ---- patch: nested or dotted keys to settings */

/* Is 'key' "nat" or "nat.timers" to "nat.timers.udp_s"? */
static bool is_group_of(const char *group, const char *key)
{
	size_t len = strlen(group);

	return !strncmp(group, key, len) && key[len] == '.';
}

static bool is_group(const char *key)
{
	unsigned i;

	for (i = 0; i < setting_table_n; i++)
		if (is_group_of(key, setting_table[i].key))
			return true;
	return false;
}

static int patch_one(struct patch *p, const struct setting *s,
		     const json_t *value, struct error *err)
{
	bool *seen = &p->seen[s - setting_table];

	if (*seen)
		return error_set(err, -EINVAL, "%s: is named twice", s->key);
	*seen = true;
	if (!json_is_null(value))
		return setting_set(s, value, &p->next, err);
	setting_reset(s, &p->next);
	return 0;
}

static int patch_group_reset(struct patch *p, const char *group,
			     struct error *err)
{
	unsigned i;
	int r;

	for (i = 0; i < setting_table_n; i++) {
		if (!is_group_of(group, setting_table[i].key))
			continue;
		r = patch_one(p, &setting_table[i], json_null(), err);
		if (r)
			return r;
	}
	return 0;
}

/* Keys go as deep as the table's and no deeper, and so does the recursion. */
static int patch_object(struct patch *p, const char *group,
			const json_t *object, struct error *err)
{
	const struct setting *s;
	char key[SETTING_KEY_MAX];
	json_t *value;
	void *i;
	int n, r = 0;

	for (i = json_object_iter((json_t *)(uintptr_t)object); i && !r;
	     i = json_object_iter_next((json_t *)(uintptr_t)object, i)) {
		value = json_object_iter_value(i);
		n = snprintf(key, sizeof(key), "%s%s%s", group,
			     *group ? "." : "", json_object_iter_key(i));
		s = n < (int)sizeof(key) ? setting_find(key) : NULL;
		if (s)
			r = patch_one(p, s, value, err);
		else if (n >= (int)sizeof(key) || !is_group(key))
			r = error_set(err, -EINVAL, "%s: no such setting", key);
		else if (json_is_object(value))
			r = patch_object(p, key, value, err);
		else if (json_is_null(value))
			r = patch_group_reset(p, key, err);
		else
			r = error_set(err, -EINVAL,
				      "%s: is a group of settings, give an "
				      "object with them",
				      key);
	}
	return r;
}

static int patch_apply(struct patch *p, const json_t *patch, struct error *err)
{
	memset(p->seen, 0, sizeof(p->seen));
	if (!json_is_object(patch))
		return error_set(err, -EINVAL,
				 "settings: give an object such as "
				 "{\"dns\": {\"domain\": \"lan\"}}");
	return patch_object(p, "", patch, err);
}

/* ---- settings to nested JSON */

/* Puts 'value' (stolen) at "a.b.c" below 'root'. */
static int nest(json_t *root, const char *key, json_t *value)
{
	char part[SETTING_KEY_MAX];
	const char *dot;
	json_t *child;

	for (; (dot = strchr(key, '.')); key = dot + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(dot - key), key);
		child = json_object_get(root, part);
		if (!child) {
			child = json_object();
			json_object_set_new(root, part, child);
		}
		root = child;
	}
	return json_object_set_new(root, key, value);
}

/* All settings, or only those that differ from 'base'. NULL: no memory. */
static json_t *to_json(const struct settings *in, const struct settings *base)
{
	json_t *root = json_object(), *value, *plain;
	unsigned i;
	bool same;

	for (i = 0; i < setting_table_n; i++) {
		value = setting_json(&setting_table[i], in);
		plain = base ? setting_json(&setting_table[i], base) : NULL;
		same = plain && json_equal(value, plain);
		json_decref(plain);
		if (same)
			json_decref(value);
		else if (nest(root, setting_table[i].key, value))
			goto fail;
	}
	return root;
fail:
	json_decref(root);
	return NULL;
}

json_t *settings_json(const struct settings_store *s)
{
	return to_json(&s->now, NULL);
}

json_t *settings_json_key(const struct settings_store *s, const char *key)
{
	const struct setting *setting = setting_find(key);

	return setting ? setting_json(setting, &s->now) : NULL;
}

/* ---- the file */

static int save(const struct settings_store *s, const struct settings *next,
		struct error *err)
{
	struct settings *base = malloc(sizeof(*base));
	json_t *root = NULL;
	char *text = NULL;
	size_t len;
	int r = -ENOMEM;

	if (base) {
		defaults(base);
		root = to_json(next, base);
	}
	if (root)
		text = json_dumps(root, JSON_INDENT(2));
	if (text) {
		/* The NUL makes room for the last line's end. */
		len = strlen(text);
		text[len] = '\n';
		r = file_replace(s->path, text, len + 1, FILE_MODE);
	}
	free(text);
	json_decref(root);
	free(base);
	if (r)
		error_set(err, r,
			  "%.120s: cannot be written: %s; nothing was changed",
			  s->path, strerror(-r));
	return r;
}

/* Lays what the file says over the defaults. */
static int apply_file(struct settings_store *s, const json_t *root,
		      struct error *err)
{
	struct patch *patch = malloc(sizeof(*patch));
	struct error why;
	int r;

	if (!patch)
		return error_set(err, -ENOMEM, "settings: out of memory");
	patch->next = s->now;
	r = patch_apply(patch, root, &why);
	if (r)
		error_set(err, r, "%.120s: %.130s", s->path, why.text);
	else
		s->now = patch->next;
	free(patch);
	return r;
}

static int load(struct settings_store *s, struct error *err)
{
	json_error_t at;
	json_t *root;
	char *text;
	size_t len;
	int r;

	r = file_read(s->path, FILE_MAX, &text, &len);
	if (r == -ENOENT)
		return 0;
	if (r)
		return error_set(err, r, "%.120s: cannot be read: %s", s->path,
				 strerror(-r));
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);
	free(text);
	if (!root)
		return error_set(err, -EINVAL, "%.120s: line %d: %.100s",
				 s->path, at.line, at.text);
	r = apply_file(s, root, err);
	json_decref(root);
	return r;
}

int settings_open(struct settings_store **out, const char *dir,
		  struct error *err)
{
	struct settings_store *s;
	int r;

	r = file_mkdirs(dir, 0755);
	if (r)
		return error_set(err, r, "%.120s: cannot hold the state: %s",
				 dir, strerror(-r));
	s = malloc(sizeof(*s));
	if (!s)
		return error_set(err, -ENOMEM, "settings: out of memory");
	defaults(&s->now);
	if (snprintf(s->path, sizeof(s->path), "%s/settings.json", dir) >=
	    (int)sizeof(s->path))
		r = error_set(err, -ENAMETOOLONG, "%.120s…: is too long a path",
			      dir);
	if (!r)
		r = load(s, err);
	if (r) {
		free(s);
		return r;
	}
	*out = s;
	return 0;
}

void settings_close(struct settings_store *s)
{
	free(s);
}

const struct settings *settings_get(const struct settings_store *s)
{
	return &s->now;
}

void settings_set_judge(struct settings_store *s, settings_judge *judge,
			void *arg)
{
	s->judge = judge;
	s->judge_arg = arg;
}

int settings_patch(struct settings_store *s, const json_t *patch,
		   struct error *err)
{
	struct patch *p = malloc(sizeof(*p));
	int r;

	if (!p)
		return error_set(err, -ENOMEM, "settings: out of memory");
	p->next = s->now;
	r = patch_apply(p, patch, err);
	if (!r && s->judge)
		r = s->judge(s->judge_arg, &p->next, err);
	if (!r)
		r = save(s, &p->next, err);
	if (!r)
		s->now = p->next;
	free(p);
	return r;
}

/* ---- values as typed */

/* "a, b" to ["a","b"]; "" to []. NULL: not UTF-8. */
static json_t *split(const char *text)
{
	json_t *list = json_array();
	size_t len;

	while (*(text += strspn(text, " "))) {
		const char *next = text + strcspn(text, ",");

		for (len = (size_t)(next - text); len && text[len - 1] == ' ';)
			len--;
		if (json_array_append_new(list, json_stringn(text, len))) {
			json_decref(list);
			return NULL;
		}
		text = *next ? next + 1 : next;
	}
	return list;
}

static json_t *number(const char *text)
{
	long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno || *end ? NULL : json_integer(n);
}

json_t *settings_value(const char *key, const char *text, struct error *err)
{
	const struct setting *s = setting_find(key);
	json_t *value = NULL;

	if (!s) {
		error_set(err, -ENOENT,
			  "%.60s: no such setting; `portcullis get` lists them",
			  key);
		return NULL;
	}
	switch (s->kind) {
	case SETTING_LIST:
		value = split(text);
		break;
	case SETTING_TEXT:
		value = *text ? json_string(text) : json_null();
		break;
	case SETTING_NUMBER:
		value = *text ? number(text) : json_null();
		break;
	}
	if (value)
		return value;
	if (s->kind == SETTING_NUMBER)
		error_set(err, -EINVAL, "%s: give a whole number from %u to %u",
			  key, s->number.min, s->number.max);
	else
		error_set(err, -EINVAL, "%s: give it as UTF-8 text", key);
	return NULL;
}
