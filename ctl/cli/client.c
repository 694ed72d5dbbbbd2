/* client.c - the subcommands that speak to a running gateway.
 *
 * Called by main.c. The API's own words are what the owner reads: an error is
 * its sentence, --json is its answer. */
#include "client.h"

#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "capture.h"
#include "password.h"
#include "show.h"
#include "../state/settings.h"
#include "table.h"
#include "top.h"

int client_fail(const char *sentence)
{
	char clean[sizeof(((struct error *)0)->text)];

	table_clean(sentence, clean, sizeof(clean));
	fprintf(stderr, "portcullis: %s\n", clean);
	return 1;
}

/* Asks, and unpacks what came. NULL: said why not. */
static json_t *fetch(const struct args *a, const char *method, const char *path,
		     const char *body, char **raw)
{
	struct ask_reply reply;
	const char *sentence;
	struct error err;
	json_t *json;

	if (ask(a->instance, method, path, body, &reply, &err)) {
		client_fail(err.text);
		return NULL;
	}
	json = json_loadb(reply.body ? reply.body : "", reply.len, 0, NULL);
	sentence = json_string_value(json_object_get(json, "error"));
	if (!json || reply.status != 200) {
		client_fail(sentence ? sentence
				     : "the gateway's answer makes no sense");
		json_decref(json);
		json = NULL;
	}
	if (raw && json) {
		*raw = reply.body;
		return json;
	}
	ask_free(&reply);
	return json;
}

static int show(const struct args *a)
{
	char path[64], *raw = NULL;
	json_t *json;

	snprintf(path, sizeof(path), "/api/v1/%s",
		 strcmp(a->view, "queries") ? a->view : "dns/log");
	json = fetch(a, "GET", path, NULL, &raw);
	if (!json)
		return 1;
	if (a->json)
		printf("%s\n", raw);
	else
		show_view(a->view, json, stdout);
	json_decref(json);
	free(raw);
	return 0;
}

/* The value at "a.b.c" below 'root', or NULL. */
static json_t *lookup(json_t *root, const char *key)
{
	char part[64];
	size_t len;

	for (; root && *key; key += len + (key[len] == '.')) {
		len = strcspn(key, ".");
		if (!len || len >= sizeof(part))
			return NULL;
		memcpy(part, key, len);
		part[len] = '\0';
		root = json_object_get(root, part);
	}
	return root;
}

static int get(const struct args *a)
{
	const char *key = a->words_n ? a->words[0] : "";
	json_t *all = fetch(a, "GET", "/api/v1/settings", NULL, NULL);
	json_t *value;
	struct error err;

	if (!all)
		return 1;
	value = lookup(all, key);
	if (!value) {
		json_decref(all);
		error_set(&err, -ENOENT,
			  "%.60s: no such setting; `portcullis get` lists them",
			  key);
		return client_fail(err.text);
	}
	if (a->json)
		json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
	else if (json_is_object(value))
		show_settings(key, value, stdout);
	else
		show_value(value, stdout);
	if (a->json || !json_is_object(value))
		putchar('\n');
	json_decref(all);
	return 0;
}

/* "KEY=VALUE"… as one patch. NULL: said why not. */
static json_t *make_patch(const struct args *a)
{
	json_t *patch = json_object(), *value;
	const char *equals;
	struct error err;
	char key[64];
	int i;

	for (i = 0; i < a->words_n; i++) {
		equals = strchr(a->words[i], '=');
		snprintf(key, sizeof(key), "%.*s", (int)(equals - a->words[i]),
			 a->words[i]);
		value = settings_value(key, equals + 1, &err);
		if (value && json_object_get(patch, key)) {
			json_decref(value);
			value = NULL;
			error_set(&err, -EINVAL, "%s: is named twice", key);
		}
		if (!value) {
			json_decref(patch);
			client_fail(err.text);
			return NULL;
		}
		json_object_set_new(patch, key, value);
	}
	return patch;
}

static int set(const struct args *a)
{
	json_t *patch = make_patch(a), *now;
	char *body = patch ? json_dumps(patch, JSON_COMPACT) : NULL;

	json_decref(patch);
	if (!body)
		return 1;
	now = fetch(a, "PATCH", "/api/v1/settings", body, NULL);
	free(body);
	json_decref(now);
	return now ? 0 : 1;
}

/* The same twice from a terminal, else the first line of what is piped in. */
static int passwd(const struct args *a)
{
	char password[PASSWORD_MAX];
	json_t *request, *done = NULL;
	struct error err;
	char *body;

	if (ask_password(password, &err))
		return client_fail(err.text);
	request = json_pack("{s:s}", "password", password);
	explicit_bzero(password, sizeof(password));
	body = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	if (!body)
		return client_fail("the password is no UTF-8 text");
	done = fetch(a, "POST", "/api/v1/password", body, NULL);
	explicit_bzero(body, strlen(body));
	free(body);
	if (!done)
		return 1;
	json_decref(done);
	puts("The password is set; whoever was logged in has to log in again.");
	return 0;
}

int client_main(const struct args *a)
{
	/* So that columns are counted right. Names are UTF-8 whatever the
	 * terminal says. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (a->command == ARGS_CAPTURE)
		return capture_main(a);
	if (a->command == ARGS_TOP)
		return top_main(a->instance);
	if (a->command == ARGS_SET)
		return set(a);
	if (a->command == ARGS_PASSWD)
		return passwd(a);
	if (a->command == ARGS_GET)
		return get(a);
	return show(a);
}
