/* nat_file.c - makes, finds and checks the file of the NAT's records.
 * Called by nat.c and nat_adopt.c at the start. Control thread.
 * Invariant: what nat_file_open() accepts is as long as its head says. */
#include "nat_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "nat_core.h"

#define HEAD_BYTES 4096
#define MAX_EACH   (1u << 24) /* records in a file that is believed */
#define SPARE	   4	      /* parts of a file system, one stays free */

static const uint8_t magic[8] = { 'P', 'C', 'N', 'A', 'T', 'T', 'A', 'B' };

_Static_assert(sizeof(struct nat_file_head) <= HEAD_BYTES, "the head fits");

static size_t record_bytes(size_t size, uint32_t max)
{
	return (slab_bytes(size, max) + 63) & ~(size_t)63;
}

static size_t file_bytes(uint32_t mappings, uint32_t sessions)
{
	return HEAD_BYTES + record_bytes(sizeof(struct mapping), mappings) +
	       record_bytes(sizeof(struct session), sessions) +
	       GATE_BITS_PROTOS * PORTS_SPACE * sizeof(struct port_hold) +
	       record_bytes(sizeof(uint32_t), sessions);
}

/* Empty where there is no /proc: then all boots look alike, and a clock that
 * runs backwards gives an old one away. */
static void read_boot(uint8_t out[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(out, 0, 40);
	if (fd < 0)
		return;
	if (read(fd, out, 39) < 0)
		memset(out, 0, 40);
	close(fd);
}

static void lay_out(struct nat_file *f, uint32_t mappings, uint32_t sessions)
{
	uint8_t *at = f->memory;

	f->head = f->memory;
	at += HEAD_BYTES;
	f->mappings = (struct mapping *)(void *)at;
	at += record_bytes(sizeof(struct mapping), mappings);
	f->sessions = (struct session *)(void *)at;
	at += record_bytes(sizeof(struct session), sessions);
	f->holds = (struct port_hold *)(void *)at;
	at += GATE_BITS_PROTOS * PORTS_SPACE * sizeof(struct port_hold);
	f->labels = (uint32_t *)(void *)at;
}

static int map_file(struct nat_file *f, int prot, int flags)
{
	void *memory = mmap(NULL, f->len, prot, flags, f->fd, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	f->memory = memory;
	return 0;
}

/* A page that a full tmpfs cannot give kills who touches it. */
static int has_space(const struct nat_file *f)
{
	struct statvfs fs;
	uint64_t bytes;

	if (fstatvfs(f->fd, &fs))
		return -errno;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return bytes - bytes / SPARE > f->len ? 0 : -ENOSPC;
}

static int make_file(struct nat_file *f, const char *path)
{
	char fresh[PATH_MAX];
	int rc;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    (int)sizeof(fresh))
		return -ENAMETOOLONG;
	unlink(fresh);
	f->fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		     0600);
	if (f->fd < 0)
		return -errno;
	rc = has_space(f);
	if (!rc && (flock(f->fd, LOCK_EX | LOCK_NB) ||
		    ftruncate(f->fd, (off_t)f->len)))
		rc = -errno;
	if (!rc)
		rc = map_file(f, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (rc) {
		unlink(fresh);
		close(f->fd);
		f->fd = -1;
	}
	return rc;
}

int nat_file_make(struct nat_file *f, const char *path, uint32_t mappings_max,
		  uint32_t sessions_max)
{
	int rc;

	*f = (struct nat_file){ .fd = -1,
				.len = file_bytes(mappings_max, sessions_max) };
	rc = path ? make_file(f, path)
		  : map_file(f, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
	if (rc)
		return rc;
	lay_out(f, mappings_max, sessions_max);
	f->head->layout = NAT_FILE_LAYOUT;
	f->head->mapping_size = sizeof(struct mapping);
	f->head->session_size = sizeof(struct session);
	f->head->hold_size = sizeof(struct port_hold);
	f->head->mappings_max = mappings_max;
	f->head->sessions_max = sessions_max;
	read_boot(f->head->boot);
	memcpy(f->head->magic, magic, sizeof(magic));
	return 0;
}

static int check_head(const struct nat_file *f, const struct nat_file_head *h)
{
	uint8_t boot[sizeof(h->boot)];

	if (memcmp(h->magic, magic, sizeof(magic)))
		return -EBADMSG;
	if (h->layout != NAT_FILE_LAYOUT ||
	    h->mapping_size != sizeof(struct mapping) ||
	    h->session_size != sizeof(struct session) ||
	    h->hold_size != sizeof(struct port_hold))
		return -EPROTO;
	read_boot(boot);
	if (memcmp(h->boot, boot, sizeof(boot)))
		return -ESTALE;
	if (h->mappings_max > MAX_EACH || h->sessions_max > MAX_EACH ||
	    h->mappings_bump > h->mappings_max ||
	    h->sessions_bump > h->sessions_max ||
	    f->len != file_bytes(h->mappings_max, h->sessions_max))
		return -EBADMSG;
	return 0;
}

static int open_checked(struct nat_file *f)
{
	struct stat st;
	int rc;

	if (fstat(f->fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size < HEAD_BYTES)
		return -EBADMSG;
	if (flock(f->fd, LOCK_EX | LOCK_NB))
		return -EBUSY;
	f->len = (size_t)st.st_size;
	rc = map_file(f, PROT_READ, MAP_SHARED);
	return rc ? rc : check_head(f, f->memory);
}

int nat_file_open(struct nat_file *f, const char *path)
{
	const struct nat_file_head *head;
	int rc;

	*f = (struct nat_file){ .fd = open(path,
					   O_RDONLY | O_CLOEXEC | O_NOFOLLOW) };
	if (f->fd < 0)
		return -errno;
	rc = open_checked(f);
	if (rc) {
		nat_file_close(f);
		return rc;
	}
	head = f->memory;
	lay_out(f, head->mappings_max, head->sessions_max);
	return 0;
}

int nat_file_settle(const char *path)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    (int)sizeof(fresh))
		return -ENAMETOOLONG;
	return rename(fresh, path) ? -errno : 0;
}

void nat_file_close(struct nat_file *f)
{
	if (f->memory)
		munmap(f->memory, f->len);
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct nat_file){ .fd = -1 };
}
