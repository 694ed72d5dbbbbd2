/* login.h - the owner's password and the sessions it opens.
 *
 * Until there is a password whoever comes first from home may set it. Sessions
 * outlast the process (sessions_file.h). Hashes
 * (argon2id) are made by libuv's workers, one at a time. Private to api/. */
#ifndef API_LOGIN_H
#define API_LOGIN_H

#include <stdbool.h>
#include <uv.h>

#include "../http/http.h"
#include "sessions.h"

#define LOGIN_HASH_MAX	   128 /* as text, NUL included */
#define LOGIN_PASSWORD_MIN 8
#define LOGIN_PASSWORD_MAX 128

struct hashing;

struct login {
	const char *path;	   /* of the file with the hash; the house's */
	const char *sessions_path; /* likewise */
	uint64_t kept_ms;	   /* when the sessions were last written */
	char hash[LOGIN_HASH_MAX]; /* "": no password yet */
	struct sessions sessions;
	struct hashing *busy; /* NULL: no hash is being made */
};

/* By what right somebody listens for long. */
struct pass {
	bool root, has_session;
	uint8_t session[SESSION_HASH];
};

/* Reads the hash; a file that is none is refused: -EINVAL, so that nobody else
 * becomes the owner. */
int login_open(struct login *l, const char *path, const char *sessions_path);
/* Keeps the sessions; a hash that is being made will find nobody. */
void login_close(struct login *l);

/* The clock of the sessions. */
uint64_t login_now_ms(void);

/* Is the one who asks logged in, or root at the unix socket? */
bool login_is_owner(struct login *l, const struct http_request *r);
/* The pass of one who was let in. */
struct pass login_pass(const struct http_request *r);
/* Would it still let in? Until there is a password, anybody is. */
bool login_pass_holds(const struct login *l, const struct pass *p);

#endif
