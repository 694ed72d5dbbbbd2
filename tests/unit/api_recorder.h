/* api_recorder.h - a made-up flight recorder for api_house.h: one device, so
 * many chunks of one packet each. It answers when the test says so. */
#ifndef TEST_API_RECORDER_H
#define TEST_API_RECORDER_H

#include <errno.h>
#include <string.h>

#include "../../ctl/engine/engine.h"

struct recorder {
	struct mac mac;
	unsigned chunks, told;
	bool busy;
	struct capture_read *lent;
	void (*done)(void *arg, struct capture_read *r);
	void *arg;
	uint64_t at_ns;
	uint8_t frame[64];
	uint32_t label;
	uint8_t flags, drop, kind;
};
static struct recorder recorder;

void engine_captures(const struct engine *e, struct capture_totals *out)
{
	(void)e;
	*out = (struct capture_totals){ 65536, 1 << 28, 1 };
}

const char *engine_drop_reason(unsigned reason)
{
	return reason == 3 ? "no_way" : NULL;
}

int engine_capture(struct engine *e, struct capture_read *r,
		   void (*done)(void *arg, struct capture_read *r), void *arg)
{
	(void)e;
	if (recorder.busy)
		return -EBUSY;
	assert_null(recorder.lent);
	recorder.lent = r;
	recorder.done = done;
	recorder.arg = arg;
	return 0;
}

/* ---- and packets as they pass */

static struct {
	bool on;
	struct packet_row *rows;
	unsigned n, at;
	uint64_t missed;
} passing;

void engine_watch(struct engine *e, bool on)
{
	(void)e;
	passing.on = on;
}

bool engine_next_packet(struct engine *e, struct packet_row *out)
{
	(void)e;
	if (passing.at == passing.n)
		return false;
	*out = passing.rows[passing.at++];
	return true;
}

uint64_t engine_packets_missed(struct engine *e)
{
	uint64_t missed = passing.missed;

	(void)e;
	passing.missed = 0;
	return missed;
}

static inline void recorder_completes(void)
{
	struct capture_read *r = recorder.lent;
	struct captured *rec = (struct captured *)(void *)r->data;

	assert_non_null(r);
	recorder.lent = NULL;
	r->known = mac_eq(&r->mac, &recorder.mac);
	r->len = 0;
	if (r->known && r->serial < recorder.chunks) {
		*rec = (struct captured){
			.at_ns = recorder.at_ns,
			.kept = sizeof(recorder.frame),
			.size = captured_size(sizeof(recorder.frame)),
			.len = 1000,
			.kind = recorder.kind,
			.flags = recorder.flags,
			.drop = recorder.drop,
			.label = recorder.label,
		};
		memcpy(captured_data(rec), recorder.frame,
		       sizeof(recorder.frame));
		r->len = rec->size;
		r->serial++;
		recorder.told++;
	}
	r->last = r->serial >= recorder.chunks;
	r->counts = (struct capture_counts){ .since_ns = 1,
					     .kept_packets = recorder.chunks,
					     .missed_packets = 9 };
	recorder.done(recorder.arg, r);
}

#endif
