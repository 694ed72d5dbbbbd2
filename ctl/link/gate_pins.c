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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/log.h"
#include "bpf/abi.h"

#define LINK_PREFIX "link_"
#define LINK_NAME   32
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

/* ---- one pin */

int gate_pins_put(const struct gate_pins *p, const char *name, int fd)
{
	char path[GATE_PINS_PATH];
	int err = path_make(path, "%s/%s", p->dir, name);

	return err ? err : bpf_obj_pin(fd, path);
}

int gate_pins_get(const struct gate_pins *p, const char *name)
{
	char path[GATE_PINS_PATH];
	int err = path_make(path, "%s/%s", p->dir, name);

	return err ? err : bpf_obj_get(path);
}

static void link_name(char out[LINK_NAME], uint32_t ifindex)
{
	snprintf(out, LINK_NAME, LINK_PREFIX "%u", ifindex);
}

int gate_pins_link(const struct gate_pins *p, uint32_t ifindex, int link_fd)
{
	char name[LINK_NAME];

	link_name(name, ifindex);
	return gate_pins_put(p, name, link_fd);
}

int gate_pins_link_get(const struct gate_pins *p, uint32_t ifindex)
{
	char name[LINK_NAME];

	link_name(name, ifindex);
	return gate_pins_get(p, name);
}

int gate_pins_unlink(const struct gate_pins *p, uint32_t ifindex)
{
	char name[LINK_NAME];

	link_name(name, ifindex);
	return remove_pin(p->dir, name);
}

/* ---- all of them */

/* Calls back with every name in 'dir' that begins with 'prefix'. */
static void each_name(const char *dir, const char *prefix,
		      void (*each)(void *arg, const char *name), void *arg)
{
	const struct dirent *e;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, prefix, strlen(prefix)))
			each(arg, e->d_name);
	if (d)
		closedir(d);
}

struct prune {
	const struct gate_pins *pins;
	const char *but;
};

static void prune_one(void *arg, const char *name)
{
	const struct prune *how = arg;

	if (strncmp(name, how->but, strlen(how->but)))
		(void)remove_pin(how->pins->dir, name);
}

void gate_pins_prune(const struct gate_pins *p, const char *prefix,
		     const char *but)
{
	struct prune how = { .pins = p, .but = but };

	each_name(p->dir, prefix, prune_one, &how);
}

struct links {
	void (*each)(void *arg, uint32_t ifindex);
	void *arg;
};

static void link_one(void *arg, const char *name)
{
	const struct links *l = arg;

	l->each(l->arg,
		(uint32_t)strtoul(name + strlen(LINK_PREFIX), NULL, 10));
}

void gate_pins_links(const struct gate_pins *p,
		     void (*each)(void *arg, uint32_t ifindex), void *arg)
{
	struct links l = { .each = each, .arg = arg };

	each_name(p->dir, LINK_PREFIX, link_one, &l);
}

struct versions {
	const struct gate_pins *pins;
	bool this, other;
};

static void version_one(void *arg, const char *name)
{
	struct versions *v = arg;
	const char *this = strrchr(v->pins->dir, '/') + 1;

	if (!strcmp(name, this))
		v->this = true;
	else
		v->other = true;
}

static struct versions versions_left(const struct gate_pins *p)
{
	struct versions v = { .pins = p };

	each_name(p->root, "v", version_one, &v);
	return v;
}

bool gate_pins_left(const struct gate_pins *p)
{
	return versions_left(p).this;
}

bool gate_pins_left_other(const struct gate_pins *p)
{
	return versions_left(p).other;
}
