/* country.c - the database in memory, and the answers it gave.
 * Called by gateway and, through it, by api/. Control thread. */
#include "country.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../base/log.h"

#define CACHE 4096 /* remotes; a power of two */

struct known {
	struct addr remote;
	char code[3]; /* "": none */
};

struct countries {
	char path[PATH_MAX];
	struct stat seen; /* the file that is open, or was refused */
	bool open;
	MMDB_s db;
	struct hash_key key;
	struct known known[CACHE];
};

/* ---- the file */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int copy(int to, int from, size_t len)
{
	while (len) {
		ssize_t n = sendfile(to, from, NULL, len);

		if (n <= 0)
			return n ? -errno : -EIO;
		len -= (size_t)n;
	}
	return 0;
}

/* A copy that is nobody's but ours, by a name that the library can open. */
static int open_copy(struct countries *c, int from)
{
	int fd = memfd_create("countries", MFD_CLOEXEC), rc;
	char name[32];

	if (fd < 0)
		return -errno;
	rc = copy(fd, from, (size_t)c->seen.st_size);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (!rc && MMDB_open(name, MMDB_MODE_MMAP, &c->db) != MMDB_SUCCESS)
		rc = -EBADMSG;
	close(fd);
	return rc;
}

static int open_file(struct countries *c)
{
	int from = open(c->path, O_RDONLY | O_CLOEXEC), rc;

	if (from < 0)
		return -errno;
	if (fstat(from, &c->seen))
		rc = -errno;
	else if (!S_ISREG(c->seen.st_mode) || c->seen.st_size <= 0 ||
		 c->seen.st_size > COUNTRIES_BYTES_MAX)
		rc = -EFBIG;
	else
		rc = open_copy(c, from);
	close(from);
	return rc;
}

static void shut(struct countries *c)
{
	if (c->open)
		MMDB_close(&c->db);
	c->open = false;
	memset(c->known, 0, sizeof(c->known));
	c->seen = (struct stat){ 0 };
}

void countries_look(struct countries *c)
{
	struct stat now;
	int rc;

	if (stat(c->path, &now))
		now = (struct stat){ 0 };
	if (is_same(&now, &c->seen))
		return;
	shut(c);
	if (!now.st_ino)
		return;
	rc = open_file(c);
	c->open = !rc;
	if (!rc)
		log_info("countries: %s, of %u parts", c->path,
			 c->db.metadata.node_count);
	else
		log_warn("countries: %s: %s", c->path,
			 rc == -EBADMSG ? "no database that can be read"
					: strerror(-rc));
}

struct countries *countries_new(const char *path)
{
	struct countries *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	hash_key_random(&c->key);
	snprintf(c->path, sizeof(c->path), "%s", path);
	countries_look(c);
	return c;
}

void countries_free(struct countries *c)
{
	if (!c)
		return;
	shut(c);
	free(c);
}

/* ---- remotes */

/* IPv4 stands under ::/96 there, and not where IPv6 maps it. */
static MMDB_lookup_result_s look_up(const struct countries *c,
				    const struct addr *a, int *error)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = addr_to_v4(a) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const void *sa = addr_is_v4(a) ? (const void *)&v4 : (const void *)&v6;

	memcpy(&v6.sin6_addr, a->b, sizeof(a->b));
	return MMDB_lookup_sockaddr(&c->db, sa, error);
}

static bool is_code(const MMDB_entry_data_s *d)
{
	return d->has_data && d->type == MMDB_DATA_TYPE_UTF8_STRING &&
	       d->data_size == 2 && d->utf8_string[0] >= 'A' &&
	       d->utf8_string[0] <= 'Z' && d->utf8_string[1] >= 'A' &&
	       d->utf8_string[1] <= 'Z';
}

/* One kind of database has it on top, another deeper. */
static void find(const struct countries *c, const struct addr *remote,
		 char code[3])
{
	static const char *const top[] = { "country_code", NULL };
	static const char *const deep[] = { "country", "iso_code", NULL };
	MMDB_entry_data_s d = { 0 };
	MMDB_lookup_result_s at;
	int error;

	code[0] = '\0';
	at = look_up(c, remote, &error);
	if (error != MMDB_SUCCESS || !at.found_entry)
		return;
	if (MMDB_aget_value(&at.entry, &d, top) != MMDB_SUCCESS ||
	    !is_code(&d)) {
		if (MMDB_aget_value(&at.entry, &d, deep) != MMDB_SUCCESS ||
		    !is_code(&d))
			return;
	}
	memcpy(code, d.utf8_string, 2);
	code[2] = '\0';
}

const char *countries_of(struct countries *c, const struct addr *remote)
{
	uint64_t hash = hash_bytes(&c->key, remote, sizeof(*remote));
	struct known *k = &c->known[hash % CACHE];

	if (!c->open || addr_is_zero(remote))
		return NULL;
	if (!addr_eq(&k->remote, remote)) {
		k->remote = *remote;
		find(c, remote, k->code);
	}
	return k->code[0] ? k->code : NULL;
}
