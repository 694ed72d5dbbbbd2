/* gate_pins.c - see gate_pins.h. Control thread only.
 *
 * Whatever lies under the instance's folder is ours: an older version may have
 * pinned maps of other names, so everything goes. */
#include "gate_pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <linux/types.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/log.h"
#include "bpf/abi.h"

#define LINK_PREFIX "link_"
#define DIGITS	    "0123456789"

static __attribute__((format(printf, 2, 3))) int
path_make(char out[GATE_PINS_PATH], const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(out, GATE_PINS_PATH, fmt, args);
	va_end(args);
	return n < 0 || n >= GATE_PINS_PATH ? -ENAMETOOLONG : 0;
}

int gate_pins_init(struct gate_pins *p, const char *bpffs, const char *instance)
{
	int err;

	/* The BPF filesystem keeps names with a dot for itself. */
	if (!*instance || strpbrk(instance, "./"))
		return -EINVAL;
	err = path_make(p->root, "%s/%s", bpffs, instance);
	return err ? err : path_make(p->dir, "%s/v%d", p->root, GATE_ABI);
}

int gate_pins_make(const struct gate_pins *p, const char *bpffs)
{
	struct statfs fs;

	if (statfs(bpffs, &fs))
		return -errno;
	if (fs.f_type != BPF_FS_MAGIC)
		return -ENODEV;
	if (mkdir(p->root, 0700) || mkdir(p->dir, 0700))
		return -errno;
	return 0;
}

void gate_pins_end(int link_fd)
{
	/* Closing the last reference would detach too, but some time later. */
	if (bpf_link_detach(link_fd))
		log_debug("gate: detaching: %s", strerror(errno));
	close(link_fd);
}

static int remove_pin(const char *dir, const char *name)
{
	char path[GATE_PINS_PATH];
	int err = path_make(path, "%s/%s", dir, name), fd;

	if (err)
		return err;
	if (!strncmp(name, LINK_PREFIX, strlen(LINK_PREFIX))) {
		fd = bpf_obj_get(path);
		if (fd >= 0)
			gate_pins_end(fd);
	}
	return unlink(path) ? -errno : 0;
}

static int remove_dir(const char *dir,
		      int (*remove_entry)(const char *dir, const char *name))
{
	DIR *d = opendir(dir);
	int first = 0, err;
	struct dirent *e;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		err = remove_entry(dir, e->d_name);
		if (err && !first)
			first = err;
	}
	closedir(d);
	if (rmdir(dir) && !first)
		first = -errno;
	return first;
}

/* Anything but "v" and a number is somebody else's. */
static int remove_version(const char *root, const char *name)
{
	char dir[GATE_PINS_PATH];
	int err = path_make(dir, "%s/%s", root, name);

	if (name[0] != 'v' || !name[1] || name[1 + strspn(name + 1, DIGITS)])
		return -EEXIST;
	return err ? err : remove_dir(dir, remove_pin);
}

int gate_pins_remove(const struct gate_pins *p)
{
	struct statfs fs;

	if (statfs(p->root, &fs) || fs.f_type != BPF_FS_MAGIC)
		return 0;
	return remove_dir(p->root, remove_version);
}

int gate_pins_map(const struct gate_pins *p, const char *name, int map_fd)
{
	char path[GATE_PINS_PATH];
	int err = path_make(path, "%s/%s", p->dir, name);

	return err ? err : bpf_obj_pin(map_fd, path);
}

int gate_pins_link(const struct gate_pins *p, uint32_t ifindex, int link_fd)
{
	char path[GATE_PINS_PATH];
	int err = path_make(path, "%s/" LINK_PREFIX "%u", p->dir, ifindex);

	return err ? err : bpf_obj_pin(link_fd, path);
}

int gate_pins_unlink(const struct gate_pins *p, uint32_t ifindex)
{
	char name[32];

	snprintf(name, sizeof(name), LINK_PREFIX "%u", ifindex);
	return remove_pin(p->dir, name);
}
