/* guard_forward.c - sysctls that let the kernel route what the engine let go.
 *
 * A port that is carried by nfqueue gives its packets back to the kernel, which
 * knows nothing of translation: it must route what comes from the LAN with the
 * WAN's own address as source, believe it, and complain to nobody. Per device,
 * so that the rest of the machine routes as before; what that cannot keep apart
 * the rules do (struct guard_closed). Called by gateway/kernel.c. Control
 * thread only. */
#include "guard.h"
#include "guard_priv.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/log.h"

#define PATH_BYTES 96
#define CONF6	   "net/ipv6/conf"

static bool is_on(const char *path)
{
	char now[GUARD_SYSCTL_BYTES];

	return !guard_sysctl_get(path, now) && strcmp(now, "0") != 0;
}

/* Did we switch it on, in this run or an earlier one? */
static bool is_ours(struct journal *j, const char *path)
{
	return journal_keep(j, "sysctl %s", path);
}

static bool was_off(struct journal *j, const char *path)
{
	return !is_on(path) || is_ours(j, path);
}

static void path4(char out[PATH_BYTES], const char *ifname, const char *key)
{
	snprintf(out, PATH_BYTES, "net/ipv4/conf/%s/%s", ifname, key);
}

static void path6(char out[PATH_BYTES], const char *ifname, const char *key)
{
	snprintf(out, PATH_BYTES, CONF6 "/%s/%s", ifname, key);
}

struct guard_closed guard_forward_closed(struct journal *j, const char *ifname)
{
	struct guard_closed c = { .ifname = ifname };
	char path[PATH_BYTES];

	path4(path, ifname, "forwarding");
	c.v4 = was_off(j, path);
	path6(path, ifname, "force_forwarding");
	c.v6 = was_off(j, CONF6 "/all/forwarding") && was_off(j, path);
	return c;
}

/* ---- IPv4 */

static int set4(struct journal *j, const char *ifname, const char *key,
		const char *value, struct error *err)
{
	char path[PATH_BYTES];

	path4(path, ifname, key);
	return guard_sysctl_set(j, path, value, err);
}

static int forward4(struct journal *j, const char *ifname, struct error *err)
{
	int code = set4(j, ifname, "accept_local", "1", err);

	if (!code)
		code = set4(j, ifname, "rp_filter", "2", err);
	if (!code)
		code = set4(j, ifname, "send_redirects", "0", err);
	/* One of the two is enough for the kernel to send them. */
	if (!code)
		code = set4(j, "all", "send_redirects", "0", err);
	return code ? code : set4(j, ifname, "forwarding", "1", err);
}

/* ---- IPv6 */

static int set6(struct journal *j, const char *ifname, const char *key,
		const char *value, struct error *err)
{
	char path[PATH_BYTES];

	path6(path, ifname, key);
	return guard_sysctl_set(j, path, value, err);
}

/* Calls with the sysctl 'key' of every device but 'but' (NULL: of every one).
 */
static int each_device6(struct journal *j, const char *key, const char *but,
			int (*each)(struct journal *j, const char *path))
{
	DIR *dir = opendir("/proc/sys/" CONF6);
	char path[PATH_BYTES + NAME_MAX];
	const struct dirent *e;
	int code = 0;

	if (!dir)
		return -errno;
	while (!code && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || !strcmp(e->d_name, "all") ||
		    (but && !strcmp(e->d_name, but)))
			continue;
		snprintf(path, sizeof(path), CONF6 "/%s/%s", e->d_name, key);
		code = each(j, path);
	}
	closedir(dir);
	return code;
}

/* Written to "all", 0 goes to every device: on the way back this one gets its
 * own value again. */
static int remember_router(struct journal *j, const char *path)
{
	return is_on(path) ? journal_add(j, "sysctl %s 0" GUARD_SYSCTL_WAS "1",
					 path)
			   : 0;
}

static int no_router(struct journal *j, const char *path)
{
	(void)j;
	return is_on(path) ? guard_sysctl_write(path, "0") : 0;
}

/* Who hears advertisements shall go on to, among routers. */
static int hear_on(struct journal *j, const char *path)
{
	char now[GUARD_SYSCTL_BYTES];
	struct error err;

	if (guard_sysctl_get(path, now) ||
	    (strcmp(now, "1") != 0 && !is_ours(j, path)))
		return 0;
	return guard_sysctl_set(j, path, "2", &err);
}

/* With the first device that becomes a router the kernel forgets every default
 * route that was advertised, but on devices that are told so: the WAN may live
 * by one. */
static int keep_advertised(struct journal *j, const char *lan,
			   struct error *err)
{
	int code = each_device6(j, "accept_ra", lan, hear_on);

	return code ? error_set(err, code,
				"/proc/sys/" CONF6
				" cannot be kept to advertisements: %s",
				strerror(-code))
		    : 0;
}

/* Before Linux 6.17 one switch makes all devices forward, and routers of them,
 * too. Routers they need not be, but for 'lan': a router takes no
 * advertisements, and the WAN may live by them. */
static int forward6_all(struct journal *j, const char *lan, struct error *err)
{
	static const char all[] = CONF6 "/all/forwarding";
	int code = 0;

	if (is_on(all)) {
		(void)is_ours(j, all);
		return set6(j, lan, "forwarding", "1", err);
	}
	if (each_device6(j, "forwarding", NULL, remember_router))
		return error_set(err, -EIO,
				 "/proc/sys/" CONF6 " cannot be listed");
	code = guard_sysctl_set(j, all, "1", err);
	if (!code)
		code = each_device6(j, "forwarding", NULL, no_router);
	return code ? code : set6(j, lan, "forwarding", "1", err);
}

static int forward6(struct journal *j, const char *ifname, const char *lan,
		    struct error *err)
{
	char path[PATH_BYTES], now[GUARD_SYSCTL_BYTES];
	int code;

	path6(path, ifname, "forwarding");
	/* Without IPv6 there is nothing to route. */
	if (guard_sysctl_get(path, now))
		return 0;
	code = keep_advertised(j, lan, err);
	if (code)
		return code;
	path6(path, ifname, "force_forwarding");
	if (guard_sysctl_get(path, now))
		return forward6_all(j, lan, err);
	code = guard_sysctl_set(j, path, "1", err);
	/* Neighbours must hear that it is a router (RFC 4861 4.4). */
	return code || strcmp(ifname, lan) != 0
		       ? code
		       : set6(j, lan, "forwarding", "1", err);
}

int guard_forward(struct journal *j, const char *ifname, const char *lan,
		  struct error *err)
{
	int code = forward4(j, ifname, err);

	return code ? code : forward6(j, ifname, lan, err);
}

/* ---- bridges */

int guard_bridge_nf(struct journal *j, struct error *err)
{
	static const char *const keys[] = {
		"net/bridge/bridge-nf-call-iptables",
		"net/bridge/bridge-nf-call-ip6tables",
		"net/bridge/bridge-nf-call-arptables",
	};
	bool were_on = false;
	int code = 0;

	for (unsigned i = 0; !code && i < sizeof(keys) / sizeof(*keys); i++) {
		if (!is_on(keys[i])) {
			(void)is_ours(j, keys[i]);
			continue;
		}
		were_on = true;
		code = guard_sysctl_set(j, keys[i], "0", err);
	}
	if (were_on && !code)
		log_info("guard: bridges do not ask the firewall while we run: "
			 "it would see what the LAN's bridge carries twice");
	return code;
}
