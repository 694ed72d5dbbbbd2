/* login.c - the owner's password and the sessions it opens.
 *
 * Called by api.c's routes. Control thread; hashing is libuv's workers'.
 *
 * POST session   {"password"}          a cookie, or 401, or 429 with a wait
 * DELETE session                       the cookie is worth nothing any more
 * POST password  {"password", "old"}   sets it: the first needs no 'old', nor
 *                                      does root at the unix socket
 * Invariant: 'busy' is the one hash being made; its request is NULL once the
 * client left. */
#include "login.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../state/file.h"
#include "room.h"
#include "sessions_file.h"

#define KEEP_MS	  86400000ull /* used ones are written once a day */
#define COOKIE	  "portcullis="
#define FILE_MAX  4096
#define FILE_MODE 0600
#define COOKIE_TEXT                                                            \
	"Set-Cookie: " COOKIE "%s; Path=/; Max-Age=%u; HttpOnly; "             \
	"SameSite=Strict\r\n"

enum job { JOB_LOGIN, JOB_SET };

struct hashing {
	uv_work_t work;
	struct api *api;	      /* NULL: gone */
	struct http_request *request; /* NULL: gone */
	enum job job;
	bool check; /* 'old' has to match 'hash' first */
	struct addr peer;
	char old[LOGIN_PASSWORD_MAX + 1], password[LOGIN_PASSWORD_MAX + 1];
	char hash[LOGIN_HASH_MAX]; /* the present one, then the new one */
	int result;		   /* 0, -EACCES: wrong, -ENOMEM */
};

/* ---- the files */

/* Of sessions from before the last boot, too, all times are positive. */
uint64_t login_now_ms(void)
{
	return clock_ms() + SESSION_TOTAL_MS;
}

static struct sessions_clock sessions_clock(void)
{
	return (struct sessions_clock){ login_now_ms(), clock_wall_ms() };
}

/* Who was logged in still is. What is lost costs a password typed again. */
static void read_sessions(struct login *l)
{
	const struct sessions_clock c = sessions_clock();
	char *data;
	size_t len;
	int r = file_read(l->sessions_path, SESSIONS_FILE_MAX, &data, &len);

	if (r == -ENOENT || !l->hash[0]) {
		if (!r)
			free(data);
		return;
	}
	if (!r) {
		r = sessions_read(&l->sessions, l->hash, &c, data, len);
		free(data);
	}
	if (r)
		log_warn("api: %s: cannot be read: who was logged in is not "
			 "any more",
			 l->sessions_path);
}

static int keep_sessions(struct login *l)
{
	const struct sessions_clock c = sessions_clock();
	size_t len;
	void *data = sessions_write(&l->sessions, l->hash, &c, &len);
	int r = data ? file_replace(l->sessions_path, data, len, FILE_MODE)
		     : -ENOMEM;

	if (r)
		log_warn("api: %s: cannot be written: %s", l->sessions_path,
			 strerror(-r));
	free(data);
	l->kept_ms = c.now_ms;
	return r;
}

/* A session has ended: a file that has it yet would let it in again. A disk
 * that takes no new one lets go of the old one. */
static void keep_without(struct login *l)
{
	if (keep_sessions(l))
		unlink(l->sessions_path);
}

int login_open(struct login *l, const char *path, const char *sessions_path)
{
	char *text;
	size_t len;
	int r;

	if (sodium_init() < 0)
		return -EIO;
	l->path = path;
	l->sessions_path = sessions_path;
	l->kept_ms = login_now_ms();
	r = file_read(path, FILE_MAX, &text, &len);
	if (r == -ENOENT)
		return 0;
	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, crypto_pwhash_STRPREFIX,
		    sizeof(crypto_pwhash_STRPREFIX) - 1) ||
	    strlen(text) >= sizeof(l->hash))
		r = -EINVAL;
	else
		memcpy(l->hash, text, strlen(text) + 1);
	free(text);
	if (!r)
		read_sessions(l);
	return r;
}

static int save(struct login *l, const char *hash)
{
	char line[LOGIN_HASH_MAX + 1];
	int n = snprintf(line, sizeof(line), "%s\n", hash);

	return file_replace(l->path, line, (size_t)n, FILE_MODE);
}

/* ---- cookies */

static bool token_of(const struct http_request *r, uint8_t token[SESSION_TOKEN])
{
	const char *at = http_header(r, "cookie");
	size_t len;

	for (; at && *at; at += strcspn(at, ";"), at += *at == ';') {
		at += strspn(at, " ");
		if (strncmp(at, COOKIE, sizeof(COOKIE) - 1))
			continue;
		at += sizeof(COOKIE) - 1;
		if (strcspn(at, "; ") != 2 * SESSION_TOKEN)
			return false;
		return !sodium_hex2bin(token, SESSION_TOKEN, at,
				       2 * SESSION_TOKEN, NULL, &len, NULL) &&
		       len == SESSION_TOKEN;
	}
	return false;
}

bool login_is_owner(struct login *l, const struct http_request *r)
{
	uint8_t token[SESSION_TOKEN];

	if (http_is_unix(r))
		return true;
	if (!l->hash[0] || !token_of(r, token) ||
	    !sessions_find(&l->sessions, token, login_now_ms()))
		return false;
	if (login_now_ms() - l->kept_ms >= KEEP_MS)
		keep_sessions(l);
	return true;
}

struct pass login_pass(const struct http_request *r)
{
	struct pass p = { .root = http_is_unix(r) };
	uint8_t token[SESSION_TOKEN];

	p.has_session = token_of(r, token);
	if (p.has_session)
		sessions_hash(token, p.session);
	return p;
}

bool login_pass_holds(const struct login *l, const struct pass *p)
{
	return p->root || !l->hash[0] ||
	       (p->has_session &&
		sessions_holds(&l->sessions, p->session, login_now_ms()));
}

static void answer_session(struct api *a, struct http_request *r,
			   const char *headers, bool owner)
{
	json_t *json = json_pack("{s:b,s:b}", "password_set",
				 a->login.hash[0] != '\0', "logged_in", owner);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	char all[256];

	json_decref(json);
	snprintf(all, sizeof(all), "Cache-Control: no-store\r\n%s", headers);
	if (text)
		http_reply(r, 200, "application/json", all, text, strlen(text));
	else
		answer_error(r, 500, NULL, "The gateway is out of memory.");
	free(text);
}

static void begin_session(struct api *a, struct http_request *r)
{
	uint8_t token[SESSION_TOKEN];
	char hex[2 * SESSION_TOKEN + 1], cookie[256];

	randombytes_buf(token, sizeof(token));
	sessions_add(&a->login.sessions, token, login_now_ms());
	keep_sessions(&a->login);
	sodium_bin2hex(hex, sizeof(hex), token, sizeof(token));
	snprintf(cookie, sizeof(cookie), COOKIE_TEXT, hex,
		 (unsigned)(SESSION_TOTAL_MS / 1000));
	answer_session(a, r, cookie, true);
}

void session_answer(struct api *a, struct http_request *r)
{
	answer_session(a, r, "", login_is_owner(&a->login, r));
}

void session_end(struct api *a, struct http_request *r)
{
	uint8_t token[SESSION_TOKEN];
	char cookie[256];

	if (token_of(r, token) && sessions_end(&a->login.sessions, token))
		keep_without(&a->login);
	live_check(a);
	snprintf(cookie, sizeof(cookie), COOKIE_TEXT, "", 0u);
	answer_session(a, r, cookie, false);
}

/* ---- hashing */

static void on_work(uv_work_t *work)
{
	struct hashing *h = container_of(work, struct hashing, work);

	if (h->check &&
	    crypto_pwhash_str_verify(h->hash, h->old, strlen(h->old))) {
		h->result = -EACCES;
		return;
	}
	if (h->job == JOB_SET &&
	    crypto_pwhash_str(h->hash, h->password, strlen(h->password),
			      crypto_pwhash_OPSLIMIT_INTERACTIVE,
			      crypto_pwhash_MEMLIMIT_INTERACTIVE))
		h->result = -ENOMEM;
}

static void set_password(struct api *a, struct hashing *h)
{
	int r = save(&a->login, h->hash);

	if (r) {
		log_err("api: the password cannot be kept: %s", strerror(-r));
		if (h->request)
			answer_error(h->request, 500, NULL,
				     "The password cannot be kept: the disk "
				     "refuses it.");
		return;
	}
	log_info("api: the owner's password was set");
	memcpy(a->login.hash, h->hash, sizeof(h->hash));
	sessions_end_all(&a->login.sessions);
	keep_sessions(&a->login);
	live_drop(a);
	if (h->request && http_is_unix(h->request))
		answer_session(a, h->request, "", true);
	else if (h->request)
		begin_session(a, h->request);
}

static void say_wrong(struct api *a, struct hashing *h)
{
	char text[ADDR_STRLEN];

	log_warn("api: a wrong password from %s", addr_format(&h->peer, text));
	sessions_wrong(&a->login.sessions, &h->peer, login_now_ms());
	if (h->request)
		answer_error(h->request, 401, NULL,
			     "That is not the password.");
}

static void on_hashed(uv_work_t *work, int status)
{
	struct hashing *h = container_of(work, struct hashing, work);
	struct api *a = h->api;
	int result = status ? status : h->result;

	if (a)
		a->login.busy = NULL;
	if (a && result == -EACCES) {
		say_wrong(a, h);
	} else if (a && result && h->request) {
		answer_error(h->request, 503, "Retry-After: 5\r\n",
			     "The gateway is short of memory, try again.");
	} else if (a && !result) {
		sessions_right(&a->login.sessions, &h->peer);
		if (h->job == JOB_SET)
			set_password(a, h);
		else if (h->request)
			begin_session(a, h->request);
	}
	sodium_memzero(h, sizeof(*h));
	free(h);
}

static void on_gone(void *arg)
{
	struct hashing *h = arg;

	h->request = NULL;
}

void login_close(struct login *l)
{
	if (l->hash[0])
		keep_sessions(l);
	if (!l->busy)
		return;
	l->busy->api = NULL;
	l->busy = NULL;
}

static void start(struct api *a, struct http_request *r, struct hashing *h)
{
	int err;

	h->api = a;
	h->request = r;
	h->peer = *http_peer(r);
	memcpy(h->hash, a->login.hash, sizeof(h->hash));
	err = uv_queue_work(a->loop, &h->work, on_work, on_hashed);
	if (err) {
		free(h);
		answer_error(r, 503, "Retry-After: 5\r\n",
			     "The gateway is busy, try again.");
		return;
	}
	a->login.busy = h;
	http_hold(r, on_gone, h);
}

/* ---- what is asked */

/* May this client guess now? If not, it was told. */
static bool may_guess(struct api *a, struct http_request *r)
{
	uint64_t wait_ms = sessions_wait_ms(&a->login.sessions, http_peer(r),
					    login_now_ms());
	char header[64];

	if (a->login.busy && !wait_ms)
		wait_ms = 1000;
	if (!wait_ms || (http_is_unix(r) && !a->login.busy))
		return true;
	snprintf(header, sizeof(header), "Retry-After: %u\r\n",
		 (unsigned)((wait_ms + 999) / 1000));
	answer_error(r, 429, header, "Too many tries, wait a little.");
	return false;
}

/* A member of the body that is a text of at most LOGIN_PASSWORD_MAX bytes. */
static bool read_text(const json_t *body, const char *name,
		      char out[LOGIN_PASSWORD_MAX + 1])
{
	const json_t *value = json_object_get(body, name);
	size_t len = json_string_length(value);

	if (!json_is_string(value) || len > LOGIN_PASSWORD_MAX)
		return false;
	memcpy(out, json_string_value(value), len + 1);
	return true;
}

/* NULL: it was told why. */
static struct hashing *read_body(struct http_request *r, enum job job)
{
	struct hashing *h = calloc(1, sizeof(*h));
	const char *text;
	json_t *body;
	size_t len;
	bool good;

	if (!h) {
		answer_error(r, 503, NULL, "The gateway is out of memory.");
		return NULL;
	}
	h->job = job;
	text = http_body(r, &len);
	body = json_loadb(text, len, 0, NULL);
	good = read_text(body, "password",
			 job == JOB_SET ? h->password : h->old);
	if (job == JOB_SET)
		read_text(body, "old", h->old);
	json_decref(body);
	if (good &&
	    (job == JOB_LOGIN || strlen(h->password) >= LOGIN_PASSWORD_MIN))
		return h;
	free(h);
	answer_error(r, 400, NULL,
		     job == JOB_SET ? "Choose a password of 8 to 128 bytes."
				    : "Give the password.");
	return NULL;
}

void session_begin(struct api *a, struct http_request *r)
{
	struct hashing *h;

	if (!a->login.hash[0]) {
		answer_error(r, 409, NULL, "No password has been set yet.");
		return;
	}
	if (!may_guess(a, r))
		return;
	h = read_body(r, JOB_LOGIN);
	if (!h)
		return;
	h->check = true;
	start(a, r, h);
}

void password_set(struct api *a, struct http_request *r)
{
	struct hashing *h;

	if (!may_guess(a, r))
		return;
	h = read_body(r, JOB_SET);
	if (!h)
		return;
	h->check = a->login.hash[0] && !http_is_unix(r);
	start(a, r, h);
}
