/* change.c - settings read and changed.
 *
 * Called by api.c's route, for the owner alone. Control thread; no state. */
#include <errno.h>
#include <stdio.h>

#include "../base/log.h"
#include "room.h"

void settings_answer(struct api *a, struct http_request *r)
{
	answer_json(r, 200, settings_json(a->house.settings(a->house.arg)));
}

/* What the owner asked for wrongly is 400, what the disk refused 500. */
static int status_of(int error)
{
	return error == -EINVAL || error == -ENOENT ? 400 : 500;
}

void settings_change(struct api *a, struct http_request *r)
{
	struct settings_store *store = a->house.settings(a->house.arg);
	struct error err;
	json_error_t at;
	json_t *patch;
	const char *body;
	size_t len;
	int error;

	body = http_body(r, &len);
	patch = json_loadb(body, len, JSON_REJECT_DUPLICATES, &at);
	if (!patch) {
		snprintf(err.text, sizeof(err.text),
			 "The body is no JSON: line %d: %s", at.line, at.text);
		answer_error(r, 400, NULL, err.text);
		return;
	}
	error = settings_patch(store, patch, &err);
	json_decref(patch);
	if (error) {
		answer_error(r, status_of(error), NULL, err.text);
		return;
	}
	log_info("settings: changed");
	a->house.settings_changed(a->house.arg);
	settings_answer(a, r);
}
