/* tc.h - traffic control: the clsact hook of a device, and programs in it.
 *
 * A device has one such hook, which others may use as well. Ours are the
 * filters of TC_HANDLE and no others. Requests of routing netlink; knows no
 * journal. Control thread only. */
#ifndef LINK_TC_H
#define LINK_TC_H

#include <stdbool.h>
#include <stdint.h>

#include "nlsock.h"

/* Priorities that are tried, first one first: lower ones run earlier. */
#define TC_PRIO_FIRST 1
#define TC_PRIO_LAST  16

struct tc_place {
	uint32_t ifindex;
	bool egress;
	uint16_t prio;
};

/* 1: the device has the hook; 0: it has none. */
int tc_clsact_has(struct nlsock *nl, uint32_t ifindex);
/* -EEXIST: it has it, or an older form of it (ingress). */
int tc_clsact_add(struct nlsock *nl, uint32_t ifindex);
/* Deletes the hook if nobody has a filter in it. -ENOTEMPTY: somebody has. */
int tc_clsact_del(struct nlsock *nl, uint32_t ifindex);

/* Puts the program there, in place of an earlier one of ours. -EINVAL: a filter
 * of another kind has that priority. */
int tc_program_set(struct nlsock *nl, const struct tc_place *at, int prog_fd,
		   const char *name);
/* -ENOENT: there is none of ours. */
int tc_program_del(struct nlsock *nl, const struct tc_place *at);
/* Takes all of ours out of one direction. */
int tc_programs_del(struct nlsock *nl, uint32_t ifindex, bool egress);
/* Takes all of ours off the device, and the hook if 'made' and nobody else is
 * in it. */
int tc_clean(struct nlsock *nl, uint32_t ifindex, bool made);
/* 1: there is one of ours; 0: there is none. */
int tc_program_has(struct nlsock *nl, const struct tc_place *at);

#endif
