/* test_login.c - what who may see before there is a password, without it and
 * with it. */
#include <sodium.h>
#include <sys/stat.h>

#include "api_house.h"
#include "../../ctl/api/room.h"

#define OWN "Host: 127.0.0.1\r\n"

static char cookie[128]; /* as a header line */

static const char *lan(const char *method, const char *path,
		       const char *headers, const char *body)
{
	char all[512];

	snprintf(all, sizeof(all), OWN "%s", headers);
	return hear(say(true, method, path, all, body));
}

/* Keeps the cookie that the reply sets. */
static void keep(const char *reply)
{
	const char *at = strstr(reply, "Set-Cookie: portcullis=");

	assert_non_null(at);
	at += strlen("Set-Cookie: ");
	snprintf(cookie, sizeof(cookie), "Cookie: a=b; %.*s; c=d\r\n",
		 (int)strcspn(at, ";"), at);
}

static void without_a_password_only_the_overview_is_shown(void **state)
{
	static const struct {
		const char *path;
		int status;
	} table[] = {
		{ "/", 200 },
		{ "/api/v1/session", 200 },
		{ "/api/v1/status", 200 },
		{ "/api/v1/clients", 200 },
		{ "/api/v1/drops", 200 },
		{ "/api/v1/flows", 401 },
		{ "/api/v1/mappings", 401 },
		{ "/api/v1/leases", 401 },
		{ "/api/v1/dhcp", 401 },
		{ "/api/v1/dns", 401 },
		{ "/api/v1/dns/log", 401 },
		{ "/api/v1/settings", 401 },
		{ "/api/v1/history", 401 },
		{ "/api/v1/events", 401 },
		{ "/api/v1/capture/02:00:00:00:00:01", 401 },
		{ "/api/v1/live?packets=1", 401 },
	};
	unsigned i;

	(void)state;
	reply_is(lan("POST", "/api/v1/nat/cone", "", ""), 401,
		 "Set a password first.");
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		reply_is(lan("GET", table[i].path, "", ""), table[i].status,
			 table[i].status == 401 ? "Set a password first." : "");
	reply_is(lan("GET", "/api/v1/session", "", ""), 200,
		 "{\"password_set\":false,\"logged_in\":false}");
	reply_is(lan("POST", "/api/v1/session", "", "{\"password\":\"x\"}"),
		 409, "No password has been set yet.");
}

static void bad_first_passwords_are_refused(void **state)
{
	char body[256] = "{\"password\":\"";

	(void)state;
	reply_is(
		lan("POST", "/api/v1/password", "", "{\"password\":\"short\"}"),
		400, "8 to 128");
	reply_is(lan("POST", "/api/v1/password", "", "{}"), 400, "8 to 128");
	reply_is(lan("POST", "/api/v1/password", "", "no json"), 400, "");
	reply_is(lan("POST", "/api/v1/password", "", "{\"password\":7}"), 400,
		 "");
	memset(body + strlen(body), 'x', 129);
	strcat(body, "\"}");
	reply_is(lan("POST", "/api/v1/password", "", body), 400, "");
	reply_is(lan("POST", "/api/v1/password",
		     "Origin: http://evil.example\r\n",
		     "{\"password\":\"long enough\"}"),
		 403, "");
	reply_is(lan("POST", "/api/v1/password",
		     "Sec-Fetch-Site: cross-site\r\n",
		     "{\"password\":\"long enough\"}"),
		 403, "");
	assert_int_not_equal(access(password_path, F_OK), 0);
}

static void the_first_visit_sets_it(void **state)
{
	const char *reply =
		lan("POST", "/api/v1/password", "Origin: http://127.0.0.1\r\n",
		    "{\"password\":\"long enough\"}");
	char text[256] = "";
	struct stat st;
	FILE *f;

	(void)state;
	reply_is(reply, 200, "{\"password_set\":true,\"logged_in\":true}");
	assert_non_null(strstr(reply, "; HttpOnly; SameSite=Strict\r\n"));
	keep(reply);
	assert_int_equal(stat(password_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(password_path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_int_equal(strncmp(text, "$argon2id$", 10), 0);
}

static void now_the_cookie_opens_everything(void **state)
{
	static const char *const paths[] = {
		"/api/v1/status", "/api/v1/clients",  "/api/v1/leases",
		"/api/v1/dhcp",	  "/api/v1/settings", "/api/v1/dns/log",
		"/api/v1/drops",  "/api/v1/events",
	};
	char headers[256];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		reply_is(lan("GET", paths[i], "", ""), 401, "Log in first.");
		reply_is(lan("GET", paths[i], cookie, ""), 200, "");
	}
	reply_is(lan("GET", "/api/v1/live", "", ""), 401, "");
	reply_is(lan("GET", "/", "", ""), 200, "<!doctype");
	applied = 0;
	reply_is(
		lan("PATCH", "/api/v1/settings", "", "{\"dhcp.lease_s\":3600}"),
		401, "");
	snprintf(headers, sizeof(headers), "%sOrigin: http://evil.example\r\n",
		 cookie);
	reply_is(lan("PATCH", "/api/v1/settings", headers,
		     "{\"dhcp.lease_s\":3600}"),
		 403, "");
	assert_int_equal(applied, 0);
	reply_is(lan("PATCH", "/api/v1/settings", cookie,
		     "{\"dhcp.lease_s\":3600}"),
		 200, "3600");
	assert_int_equal(applied, 1);
}

static void what_is_no_cookie_of_ours_opens_nothing(void **state)
{
	static const char *const cookies[] = {
		"portcullis=",
		"portcullis=00",
		"portcullis=zz",
		"portcullis=00000000000000000000000000000000000000000000000000"
		"00000000000000",
		"xportcullis=1",
	};
	char headers[256];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++) {
		snprintf(headers, sizeof(headers), "Cookie: %s\r\n",
			 cookies[i]);
		reply_is(lan("GET", "/api/v1/leases", headers, ""), 401, "");
	}
}

static void one_logs_in_and_out(void **state)
{
	const char *reply;

	(void)state;
	reply_is(lan("POST", "/api/v1/session", "",
		     "{\"password\":\"wrong one\"}"),
		 401, "not the password");
	reply = lan("POST", "/api/v1/session", "",
		    "{\"password\":\"long enough\"}");
	reply_is(reply, 200, "\"logged_in\":true");
	keep(reply);
	reply_is(lan("GET", "/api/v1/session", cookie, ""), 200,
		 "\"logged_in\":true");
	reply_is(lan("DELETE", "/api/v1/session", cookie, ""), 200,
		 "Max-Age=0");
	reply_is(lan("GET", "/api/v1/leases", cookie, ""), 401, "");
}

static void changing_it_takes_the_old_one_and_ends_sessions(void **state)
{
	const char *reply = lan("POST", "/api/v1/session", "",
				"{\"password\":\"long enough\"}");
	char before[sizeof(cookie)];

	(void)state;
	keep(reply);
	memcpy(before, cookie, sizeof(cookie));
	reply_is(lan("POST", "/api/v1/password", cookie,
		     "{\"password\":\"another one\"}"),
		 401, "");
	reply_is(lan("POST", "/api/v1/password", cookie,
		     "{\"password\":\"another one\",\"old\":\"guess\"}"),
		 401, "");
	reply = lan("POST", "/api/v1/password", cookie,
		    "{\"password\":\"another one\",\"old\":\"long enough\"}");
	reply_is(reply, 200, "\"logged_in\":true");
	keep(reply);
	reply_is(lan("GET", "/api/v1/leases", before, ""), 401, "");
	reply_is(lan("GET", "/api/v1/leases", cookie, ""), 200, "");
}

/* ---- pages that listen */

/* A page that was let in with 'cookie'. */
static int listening(void)
{
	char text[512], head[13] = "";
	unsigned pages = api->live.n;
	int fd = dial(true), len;

	len = snprintf(text, sizeof(text),
		       "GET /api/v1/live HTTP/1.1\r\nUpgrade: websocket\r\n"
		       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" OWN
		       "%s\r\n",
		       cookie);
	assert_int_equal(send(fd, text, (size_t)len, 0), len);
	while (recv(fd, head, sizeof(head) - 1, MSG_DONTWAIT | MSG_PEEK) < 0)
		spin(1);
	assert_string_equal(head, "HTTP/1.1 101");
	assert_int_equal(api->live.n, pages + 1);
	return fd;
}

static void log_in(void)
{
	keep(lan("POST", "/api/v1/session", "",
		 "{\"password\":\"another one\"}"));
}

static void pages_go_with_their_own_session(void **state)
{
	char ours[sizeof(cookie)];
	int fd, other;

	(void)state;
	log_in();
	memcpy(ours, cookie, sizeof(cookie));
	fd = listening();
	log_in();
	other = listening();
	lan("DELETE", "/api/v1/session", "", "");
	lan("DELETE", "/api/v1/session", "Cookie: portcullis=00\r\n", "");
	assert_int_equal(api->live.n, 2);
	lan("DELETE", "/api/v1/session", cookie, "");
	assert_int_equal(api->live.n, 1);
	lan("DELETE", "/api/v1/session", cookie, "");
	assert_int_equal(api->live.n, 1);
	lan("DELETE", "/api/v1/session", ours, "");
	assert_int_equal(api->live.n, 0);
	close(fd);
	close(other);
}

/* Waits until no page listens any more. */
static void await_silence(void)
{
	uint64_t until_ms = clock_ms() + 60000;

	while (api->live.n && clock_ms() < until_ms)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(api->live.n, 0);
}

static void a_page_ends_when_its_session_is_over(void **state)
{
	struct sessions *s = &api->login.sessions;
	unsigned i;
	int fd;

	(void)state;
	log_in();
	fd = listening();
	for (i = 0; i < SESSIONS_MAX; i++) /* unused for too long */
		s->list[i].used_ms = login_now_ms() - SESSION_IDLE_MS;
	await_silence();
	close(fd);
	log_in();
	fd = listening();
	for (i = 0; i < SESSIONS_MAX; i++) { /* or others took its place */
		uint8_t token[SESSION_TOKEN] = { (uint8_t)i };

		sessions_add(s, token, login_now_ms() + 1 + i);
	}
	await_silence();
	close(fd);
	log_in();
}

static uv_sem_t gate;

static void wait_at_gate(uv_work_t *work)
{
	(void)work;
	uv_sem_wait(&gate);
}

static void passed(uv_work_t *work, int status)
{
	(void)status;
	*(unsigned *)work->data += 1;
}

/* With no worker free, hashing does not even begin; all else goes on. */
static void a_hash_holds_nobody_up(void **state)
{
	uv_work_t works[16];
	unsigned i, ended = 0;
	int fd;

	(void)state;
	uv_sem_init(&gate, 0);
	for (i = 0; i < 16; i++) {
		works[i].data = &ended;
		uv_queue_work(&loop, &works[i], wait_at_gate, passed);
	}
	fd = say(true, "POST", "/api/v1/session", OWN,
		 "{\"password\":\"another one\"}");
	while (!api->login.busy)
		spin(1);
	reply_is(lan("GET", "/api/v1/session", "", ""), 200, "logged_in");
	assert_non_null(api->login.busy);
	for (i = 0; i < 16; i++)
		uv_sem_post(&gate);
	reply_is(hear(fd), 200, "\"logged_in\":true");
	while (ended < 16)
		spin(1);
	uv_sem_destroy(&gate);
}

/* Whom a process that starts with these files lets in: the session of
 * 'cookie'? */
static bool successor_knows_it(void)
{
	const struct api_house house = { .password_path = password_path,
					 .sessions_path = sessions_path };
	uint8_t token[SESSION_TOKEN];
	const char *hex = strstr(cookie, "portcullis=") + strlen("portcullis=");
	struct login *after = calloc(1, sizeof(*after));
	bool known;

	assert_int_equal(sodium_hex2bin(token, sizeof(token), hex,
					2 * sizeof(token), NULL, NULL, NULL),
			 0);
	assert_int_equal(
		login_open(after, house.password_path, house.sessions_path), 0);
	known = sessions_find(&after->sessions, token, login_now_ms());
	free(after);
	return known;
}

static void who_is_logged_in_stays_so_over_a_restart(void **state)
{
	struct stat st;

	(void)state;
	log_in();
	assert_true(successor_knows_it());
	assert_int_equal(stat(sessions_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	lan("DELETE", "/api/v1/session", cookie, "");
	assert_false(successor_knows_it());
	log_in();
	assert_true(successor_knows_it());
}

/* A disk that is full keeps no session; it must not keep one that has ended
 * either. */
static void who_logged_out_stays_out_whatever_the_disk_does(void **state)
{
	char temp[PATH_MAX + 8];

	(void)state;
	log_in();
	assert_true(successor_knows_it());
	snprintf(temp, sizeof(temp), "%s.new", sessions_path);
	assert_int_equal(mkdir(temp, 0700), 0); /* no file can be there */
	lan("DELETE", "/api/v1/session", cookie, "");
	assert_false(successor_knows_it());
	assert_int_equal(rmdir(temp), 0);
	log_in();
	assert_true(successor_knows_it());
}

static void root_sets_it_without_the_old_one(void **state)
{
	(void)state;
	reply_is(hear(say(false, "POST", "/api/v1/password", "Host: x\r\n",
			  "{\"password\":\"from the root\"}")),
		 200, "\"password_set\":true");
	reply_is(lan("GET", "/api/v1/leases", cookie, ""), 401, "");
	assert_false(successor_knows_it());
	reply_is(hear(say(false, "GET", "/api/v1/leases", "Host: x\r\n", "")),
		 200, "");
	reply_is(lan("POST", "/api/v1/session", "",
		     "{\"password\":\"from the root\"}"),
		 200, "");
}

static void who_guesses_has_to_wait(void **state)
{
	const char *reply;
	unsigned i;

	(void)state;
	/* The third wait, of four seconds, is long enough to be met. */
	for (i = 0; i < GUESSES_FREE + 2; i++) {
		reply = lan("POST", "/api/v1/session", "",
			    "{\"password\":\"wrong one\"}");
		while (strstr(reply, " 429 "))
			reply = lan("POST", "/api/v1/session", "",
				    "{\"password\":\"wrong one\"}");
		reply_is(reply, 401, "");
	}
	/* Also with the right one, or it could be told apart. */
	reply_is(lan("POST", "/api/v1/session", "",
		     "{\"password\":\"from the root\"}"),
		 429, "Retry-After: ");
	reply_is(hear(say(false, "POST", "/api/v1/password", "Host: x\r\n",
			  "{\"password\":\"from the root\"}")),
		 200, "");
}

static void a_file_that_is_no_password_is_refused(void **state)
{
	const struct api_house house = { .password_path = password_path };
	struct api *second;
	FILE *f = fopen(password_path, "w");

	(void)state;
	fputs("secret\n", f);
	fclose(f);
	assert_int_equal(api_new(&second, &loop, &house), -EINVAL);
}

static void it_may_go_while_a_hash_is_made(void **state)
{
	int fd = say(true, "POST", "/api/v1/session", OWN,
		     "{\"password\":\"from the root\"}");

	(void)state;
	http_close(on_lan);
	http_close(on_unix);
	api_free(api);
	uv_run(&loop, UV_RUN_DEFAULT);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_password_only_the_overview_is_shown),
		cmocka_unit_test(bad_first_passwords_are_refused),
		cmocka_unit_test(the_first_visit_sets_it),
		cmocka_unit_test(now_the_cookie_opens_everything),
		cmocka_unit_test(what_is_no_cookie_of_ours_opens_nothing),
		cmocka_unit_test(one_logs_in_and_out),
		cmocka_unit_test(
			changing_it_takes_the_old_one_and_ends_sessions),
		cmocka_unit_test(pages_go_with_their_own_session),
		cmocka_unit_test(a_page_ends_when_its_session_is_over),
		cmocka_unit_test(a_hash_holds_nobody_up),
		cmocka_unit_test(who_is_logged_in_stays_so_over_a_restart),
		cmocka_unit_test(
			who_logged_out_stays_out_whatever_the_disk_does),
		cmocka_unit_test(root_sets_it_without_the_old_one),
		cmocka_unit_test(who_guesses_has_to_wait),
		cmocka_unit_test(a_file_that_is_no_password_is_refused),
		cmocka_unit_test(it_may_go_while_a_hash_is_made),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
