/* guard.c - sysctls and the BPF filesystem.
 *
 * Called by gateway.c; undo.c uses the parts without journal. Control thread
 * only. */
#include "guard.h"
#include "guard_priv.h"
#include "ns.h"

#include "../base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

/* ---- sysctls */

static int sysctl_open(const char *path, int flags)
{
	char file[256];
	int fd;

	if (path[0] == '/' || strstr(path, ".."))
		return -EINVAL;
	if (snprintf(file, sizeof(file), "/proc/sys/%s", path) >=
	    (int)sizeof(file))
		return -ENAMETOOLONG;
	fd = open(file, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* One line without its newline; longer values are refused, for they could not
 * be restored. */
int guard_sysctl_get(const char *path, char out[GUARD_SYSCTL_BYTES])
{
	int fd = sysctl_open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, out, GUARD_SYSCTL_BYTES - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	if (n == GUARD_SYSCTL_BYTES - 1)
		return -E2BIG;
	out[n] = '\0';
	if (n && out[n - 1] == '\n')
		out[n - 1] = '\0';
	return strchr(out, '\n') ? -E2BIG : 0;
}

int guard_sysctl_write(const char *path, const char *value)
{
	char line[GUARD_SYSCTL_BYTES + 1];
	int len, err = 0, fd;

	len = snprintf(line, sizeof(line), "%s\n", value);
	if (len >= (int)sizeof(line))
		return -E2BIG;
	fd = sysctl_open(path, O_WRONLY);
	if (fd < 0)
		return fd;
	if (write(fd, line, (size_t)len) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* The kernel separates by tabs what people separate by spaces. */
static bool sysctl_same(const char *a, const char *b)
{
	while (*a && *b) {
		if (*a != *b && !(strchr(" \t", *a) && strchr(" \t", *b)))
			return false;
		a++;
		b++;
	}
	return *a == *b;
}

int guard_sysctl_restore(const char *path, const char *ours, const char *old)
{
	char now[GUARD_SYSCTL_BYTES];
	int err = guard_sysctl_get(path, now);

	if (err)
		return err;
	if (sysctl_same(now, ours))
		return guard_sysctl_write(path, old);
	log_info("guard: %s stays %s, which somebody set after us", path, now);
	return 0;
}

int guard_sysctl_set(struct journal *j, const char *path, const char *value,
		     struct error *err)
{
	char old[GUARD_SYSCTL_BYTES];
	int code;

	code = guard_sysctl_get(path, old);
	if (!code && sysctl_same(old, value)) {
		journal_keep(j, "sysctl %s", path);
		return 0;
	}
	if (!code)
		code = journal_add(j, "sysctl %s %s" GUARD_SYSCTL_WAS "%s",
				   path, value, old);
	if (!code)
		code = guard_sysctl_write(path, value);
	if (code)
		return error_set(err, code,
				 "/proc/sys/%s cannot be set to \"%s\": %s",
				 path, value, strerror(-code));
	return 0;
}

/* ---- the BPF filesystem */

static bool bpffs_mounted(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

/* The kernel itself may put these iterators into each one it mounts. */
static bool bpffs_preloaded(const char *name)
{
	static const char *const names[] = { ".", "..", "maps.debug",
					     "progs.debug" };
	unsigned i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

bool guard_bpffs_unused(const char *path)
{
	const struct dirent *entry;
	bool unused = true;
	DIR *dir;

	if (!bpffs_mounted(path))
		return false;
	dir = opendir(path);
	if (!dir)
		return false;
	while (unused && (entry = readdir(dir)))
		unused = bpffs_preloaded(entry->d_name);
	closedir(dir);
	return unused;
}

int guard_bpffs_mount(struct journal *j, const char *path, struct error *err)
{
	char ns[NS_ID_LEN];
	int code;

	if (bpffs_mounted(path)) {
		journal_keep(j, "mount");
		return 0;
	}
	code = ns_id("mnt", ns);
	if (!code)
		code = journal_add(j, "mount %s %s", ns, path);
	if (!code && mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			   "mode=0700"))
		code = -errno;
	if (code)
		return error_set(err, code,
				 "a BPF filesystem cannot be mounted at %s: %s",
				 path, strerror(-code));
	return 0;
}
