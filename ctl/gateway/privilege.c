/* privilege.c - looks at the effective capabilities (capabilities(7)).
 * Called by gateway.c before anything else. Control thread. */
#include "privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	int cap;
	int instead; /* serves as well; -1: none */
	const char *name;
} needed[] = {
	{ CAP_NET_ADMIN, -1, "CAP_NET_ADMIN" },
	{ CAP_NET_RAW, -1, "CAP_NET_RAW" },
	{ CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF" },
	{ CAP_NET_BIND_SERVICE, -1, "CAP_NET_BIND_SERVICE" },
};

static bool has(const struct __user_cap_data_struct *data, int cap)
{
	return cap >= 0 && data[cap / 32].effective >> cap % 32 & 1;
}

#define FILES_WANTED 8192

void privilege_take_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= FILES_WANTED)
		return;
	files.rlim_cur =
		files.rlim_max < FILES_WANTED ? files.rlim_max : FILES_WANTED;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

int privilege_check(struct error *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return error_set(err, -errno, "capabilities cannot be read");
	for (unsigned n = 0; n < sizeof(needed) / sizeof(*needed); n++)
		if (!has(data, needed[n].cap) && !has(data, needed[n].instead))
			return error_set(err, -EPERM,
					 "privilege: %s is missing: start "
					 "portcullis as root",
					 needed[n].name);
	return 0;
}
