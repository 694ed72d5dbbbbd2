/* names_file.c - makes, finds and checks the file of names.
 * Called by names.c. Control thread.
 * Invariant: the file is as long as its head says, and nobody else's. */
#include "names_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "utf8.h"

#define LAYOUT	   1
#define HEAD_BYTES 4096
#define SPARE	   4 /* parts of a file system, one stays free */

static const uint8_t magic[8] = { 'P', 'C', 'N', 'A', 'M', 'E', 'S', '1' };

struct head {
	uint8_t magic[8];
	uint32_t layout;
	uint32_t max;
	uint64_t line;
};

_Static_assert(sizeof(struct name_record) == 128, "two cache lines");
_Static_assert(sizeof(struct head) <= HEAD_BYTES, "the head fits");

/* A page that a full tmpfs cannot give kills who touches it. */
static int has_space(int fd, size_t len)
{
	struct statvfs fs;
	uint64_t bytes;

	if (fstatvfs(fd, &fs))
		return -errno;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return bytes - bytes / SPARE > len ? 0 : -ENOSPC;
}

static int map(struct names_file *f, int fd)
{
	uint8_t *at =
		mmap(NULL, f->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	f->memory = at;
	f->records = (struct name_record *)(void *)(at + HEAD_BYTES);
	return 0;
}

static bool is_ours(const struct names_file *f, uint32_t max)
{
	const struct head *h = f->memory;

	return !memcmp(h->magic, magic, sizeof(magic)) && h->layout == LAYOUT &&
	       h->max == max && h->line;
}

static int find(struct names_file *f, const char *path, uint32_t max)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int rc = -EBADMSG;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    st.st_size == (off_t)f->len)
		rc = has_space(fd, f->len);
	if (!rc)
		rc = map(f, fd);
	close(fd);
	if (rc)
		return rc;
	if (is_ours(f, max))
		return 0;
	munmap(f->memory, f->len);
	f->memory = NULL;
	return -EBADMSG;
}

/* The magic last: killed before, it is not ours. */
static void write_head(struct names_file *f, uint32_t max)
{
	struct head *h = f->memory;

	h->layout = LAYOUT;
	h->max = max;
	while (!h->line)
		if (getrandom(&h->line, sizeof(h->line), 0) < 0)
			h->line = 1;
	atomic_signal_fence(memory_order_release);
	memcpy(h->magic, magic, sizeof(magic));
}

static int make(struct names_file *f, const char *path, uint32_t max)
{
	int fd, rc;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;
	rc = has_space(fd, f->len);
	if (!rc && ftruncate(fd, (off_t)f->len))
		rc = -errno;
	if (!rc)
		rc = map(f, fd);
	close(fd);
	if (rc)
		unlink(path);
	else
		write_head(f, max);
	return rc;
}

int names_file_open(struct names_file *f, const char *path, uint32_t max)
{
	int rc;

	*f = (struct names_file){ .len = HEAD_BYTES +
					 max * sizeof(struct name_record) };
	rc = find(f, path, max);
	if (rc)
		rc = make(f, path, max);
	if (!rc && f->memory)
		f->line = ((const struct head *)f->memory)->line;
	return rc;
}

void names_file_close(struct names_file *f)
{
	if (f->memory)
		munmap(f->memory, f->len);
	*f = (struct names_file){ 0 };
}

const char *names_file_text(const struct name_record *r)
{
	const unsigned char *s = (const unsigned char *)r->text;
	size_t left = strnlen(r->text, sizeof(r->text));

	if (!left || left == sizeof(r->text))
		return NULL;
	while (left) {
		uint32_t c;
		unsigned n = utf8_decode(s, left, &c);

		if (!n || !utf8_is_harmless(c))
			return NULL;
		s += n;
		left -= n;
	}
	return r->text;
}

/* The first byte makes a text of it. */
void names_file_put(struct names_file *f, uint32_t slot, uint32_t id,
		    const char *text, size_t len)
{
	struct name_record *r = f->memory ? &f->records[slot] : NULL;

	if (!r)
		return;
	names_file_clear(f, slot);
	r->id = id;
	if (!len || len >= sizeof(r->text))
		return;
	memcpy(r->text + 1, text + 1, len - 1);
	r->text[len] = '\0';
	atomic_signal_fence(memory_order_release);
	r->text[0] = text[0];
}

void names_file_clear(struct names_file *f, uint32_t slot)
{
	if (!f->memory)
		return;
	f->records[slot].text[0] = '\0';
	atomic_signal_fence(memory_order_release);
}
