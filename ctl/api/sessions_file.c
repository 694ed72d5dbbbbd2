/* sessions_file.c - see sessions_file.h. Called by login.c. Control thread.
 *
 * [VERSION, hash of the password's hash, [[hash of token, began, used]…]] */
#include "sessions_file.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "../base/mp.h"
#include "../base/mp_out.h"

#define VERSION_NUMBER 1
#define FIELDS	       3

static void mark_of(const char *password, uint8_t mark[SESSION_HASH])
{
	crypto_generichash(mark, SESSION_HASH, (const uint8_t *)password,
			   strlen(password), NULL, 0);
}

static bool is_alive(const struct session *s, uint64_t now_ms)
{
	return s->began_ms && now_ms - s->began_ms < SESSION_TOTAL_MS &&
	       now_ms - s->used_ms < SESSION_IDLE_MS;
}

void *sessions_write(const struct sessions *s, const char *password,
		     const struct sessions_clock *c, size_t *len)
{
	uint8_t mark[SESSION_HASH];
	struct mp_out o;
	size_t n = 0;

	for (unsigned i = 0; i < SESSIONS_MAX; i++)
		n += is_alive(&s->list[i], c->now_ms);
	mark_of(password, mark);
	mp_out_begin(&o);
	mp_out_array(&o, 3);
	mp_out_uint(&o, VERSION_NUMBER);
	mp_out_bin(&o, mark, sizeof(mark));
	mp_out_array(&o, n);
	for (unsigned i = 0; i < SESSIONS_MAX; i++) {
		const struct session *one = &s->list[i];

		if (!is_alive(one, c->now_ms))
			continue;
		mp_out_array(&o, FIELDS);
		mp_out_bin(&o, one->hash, sizeof(one->hash));
		mp_out_uint(&o, c->wall_ms - (c->now_ms - one->began_ms));
		mp_out_uint(&o, c->wall_ms - (c->now_ms - one->used_ms));
	}
	return mp_out_take(&o, len);
}

/* By the sessions' clock; 0: never, or in the future. */
static uint64_t time_of(const struct sessions_clock *c, uint64_t wall_ms)
{
	uint64_t age_ms = c->wall_ms - wall_ms;

	return wall_ms && wall_ms <= c->wall_ms && age_ms < SESSION_TOTAL_MS
		       ? c->now_ms - age_ms
		       : 0;
}

static struct session take_session(struct rd *r, const struct sessions_clock *c)
{
	struct session one = { 0 };

	if (mp_array(r) != FIELDS)
		r->bad = true;
	mp_bin_exact(r, one.hash, sizeof(one.hash));
	one.began_ms = time_of(c, mp_uint(r));
	one.used_ms = time_of(c, mp_uint(r));
	return one;
}

int sessions_read(struct sessions *s, const char *password,
		  const struct sessions_clock *c, const void *data, size_t len)
{
	uint8_t mark[SESSION_HASH], told[SESSION_HASH];
	struct rd r = rd_init(data, len);
	unsigned kept = 0;
	uint32_t n;

	if (mp_array(&r) != 3 || mp_uint(&r) != VERSION_NUMBER)
		return -EBADMSG;
	mp_bin_exact(&r, told, sizeof(told));
	for (n = mp_array(&r); n && !r.bad; n--) {
		struct session one = take_session(&r, c);

		if (!r.bad && kept < SESSIONS_MAX && is_alive(&one, c->now_ms))
			s->list[kept++] = one;
	}
	mark_of(password, mark);
	if (!r.bad && !rd_left(&r) && !sodium_memcmp(mark, told, sizeof(mark)))
		return 0;
	sessions_end_all(s);
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}
