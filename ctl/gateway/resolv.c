/* resolv.c - reads resolv.conf(5).
 * Called by sync.c. Control thread. */
#include "resolv.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define DNS_PORT    53

unsigned resolv_read(struct nameserver *out, unsigned max)
{
	char line[256], server[64];
	struct endpoint at;
	unsigned n = 0;
	FILE *f = fopen(RESOLV_CONF, "re");

	if (!f)
		return 0;
	while (n < max && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " nameserver %63s", server) == 1 &&
		    endpoint_parse(server, DNS_PORT, &at))
			out[n++] = (struct nameserver){ .at = at };
	}
	fclose(f);
	return n;
}

/* DHCP clients write it after they have set the address, or later: no event of
 * the network tells. */
bool resolv_changed(struct resolv_stamp *seen)
{
	struct resolv_stamp now = { 0 };
	struct stat st;
	bool changed;

	if (!stat(RESOLV_CONF, &st)) {
		now.inode = st.st_ino;
		now.size = (uint64_t)st.st_size;
		now.mtime_s = st.st_mtim.tv_sec;
		now.mtime_ns = st.st_mtim.tv_nsec;
	}
	changed = memcmp(&now, seen, sizeof(now));
	*seen = now;
	return changed;
}
