/* look.c - what the analysis gets to see, and what becomes of what it says.
 *
 * Called by home.c's tick, events.c, DHCP and ping. Control thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/vendor.h"
#include "gateway_priv.h"
#include "../state/file.h"

/* ---- names of devices */

static const char *chosen_name(const struct settings *s, const struct mac *mac)
{
	for (unsigned n = 0; n < s->clients_name_n; n++)
		if (mac_eq(&s->clients_name[n].mac, mac))
			return s->clients_name[n].name;
	return NULL;
}

/* As the page has it; one that has told nobody its name is called by its maker
 * or address. */
static void device_name(void *arg, const struct mac *mac,
			char out[EVENT_NAME_SIZE])
{
	struct gateway *g = arg;
	const struct device *d = devices_find(g->devices, mac);
	const char *name = chosen_name(settings_get(g->settings), mac);
	const char *vendor = vendor_name(mac);
	char text[MAC_STRLEN];

	if (!name && d)
		name = d->hostname[0] ? d->hostname : d->mdns;
	if (name && *name)
		snprintf(out, EVENT_NAME_SIZE, "%s", name);
	else if (vendor && strlen(vendor) < EVENT_NAME_SIZE / 2)
		snprintf(out, EVENT_NAME_SIZE, "%s device", vendor);
	else
		snprintf(out, EVENT_NAME_SIZE, "Device %s",
			 mac_format(mac, text));
}

static void happened(void *arg, const struct event *event)
{
	struct gateway *g = arg;

	log_info("event: %s: %s", event_kind_name(event->kind), event->text);
	if (g->api)
		api_tell_event(g->api, event);
}

/* ---- every second */

static struct habit_time time_now(void)
{
	struct habit_time t = { .now_ms = clock_wall_ms() };
	time_t now = (time_t)(t.now_ms / 1000), local;
	struct tm tm;

	localtime_r(&now, &tm);
	local = now + tm.tm_gmtoff;
	t.day = (uint32_t)(local / 86400);
	t.hour = (uint8_t)tm.tm_hour;
	return t;
}

void look_at_rows(struct gateway *g, const struct device_row *rows, unsigned n)
{
	struct habit_time now = time_now();

	while (n--)
		if (!mac_is_zero(&rows[n].mac))
			analysis_moved(g->analysis, &rows[n].mac,
				       rows[n].rx_bytes, rows[n].tx_bytes, now);
}

/* Those of whom nobody was told yet. */
static void look_at_devices(struct gateway *g, uint64_t now_ms)
{
	const struct device *all;
	unsigned n = devices_all(g->devices, &all);
	char before[EVENT_NAME_SIZE];

	for (unsigned i = 0; i < n; i++) {
		const struct device *d = &all[i];
		bool twin = !mac_is_zero(&d->twin);

		if (d->told)
			continue;
		if (twin)
			device_name(g, &d->twin, before);
		if (analysis_device(g->analysis, &d->mac,
				    devices_began_ms(g->devices), d->first_ms,
				    d->last_ms, twin ? before : NULL, now_ms))
			devices_told(g->devices, &d->mac);
	}
}

static void look_at_dns(struct gateway *g, uint64_t now_ms)
{
	struct dns_upstream_row rows[DNS_UPSTREAMS_MAX];
	unsigned n = g->dns ? dns_upstreams(g->dns, rows) : 0;
	struct dns_stats stats;
	bool nobody = n;

	if (!n)
		return;
	while (n--)
		nobody &= rows[n].retired;
	dns_stats(g->dns, &stats);
	analysis_dns(g->analysis, nobody, stats.failed, now_ms);
}

static void on_ping(void *arg, const struct addr *to, uint32_t us)
{
	struct gateway *g = arg;

	analysis_ping(g->analysis, to, us, clock_wall_ms());
}

static void aim(struct gateway *g)
{
	struct addr to = addr_v4(g->conf.wan.gateway);

	if (g->ping)
		ping_aim(g->ping, ports_name(g, g->roles.wan), &to);
}

void look_second(struct gateway *g)
{
	uint64_t now_ms = clock_wall_ms();

	aim(g);
	look_at_devices(g, now_ms);
	look_at_dns(g, now_ms);
	analysis_tick(g->analysis, now_ms);
}

/* ---- what others tell */

void look_at_report(struct gateway *g, const struct engine_report *r)
{
	if (mac_is_zero(&r->mac))
		return;
	if (r->kind == REPORT_RTT && r->wan)
		analysis_answered(g->analysis, &r->mac, r->proto, &r->remote,
				  clock_wall_ms());
	if (r->kind == REPORT_OPENED && r->outbound)
		analysis_opened(g->analysis, &r->mac, r->proto, &r->remote,
				countries_of(g->countries, &r->remote.addr),
				names_text(g->names, r->label),
				clock_wall_ms());
}

void look_at_arp(struct gateway *g, const struct arp *a)
{
	struct addr target = addr_v4(a->target_ip);

	if (a->op == ARP_REQUEST && prefix_has(&g->lan_net, &target))
		analysis_asked(g->analysis, &a->sender, a->target_ip,
			       clock_wall_ms());
}

/* What the DHCP server writes into its diary. */
void look_at_diary(void *arg, const struct diary_entry *e)
{
	struct gateway *g = arg;
	struct addr ip = addr_v4(e->ip);

	switch (e->kind) {
	case DIARY_RIVAL:
		analysis_rival(g->analysis, &ip, e->wall_ms);
		break;
	case DIARY_CONFLICT:
	case DIARY_IN_USE:
		analysis_conflict(g->analysis, &ip, &e->mac, &e->other,
				  e->wall_ms);
		break;
	case DIARY_DECLINED:
	case DIARY_EXHAUSTED:
	case DIARY_RIVAL_GONE:
	case DIARY_KINDS_N:
		break;
	}
}

/* ---- the line, for the status */

/* Where the provider's gateway does not speak, the resolvers' round trip is
 * what is known of the line. */
void look_line(struct gateway *g, double *latency_ms, double *loss)
{
	struct dns_upstream_row rows[DNS_UPSTREAMS_MAX];
	bool there = g->conf.wan.gateway;
	uint32_t us = there ? analysis_latency_us(g->analysis) : 0;
	unsigned n = !us && g->dns ? dns_upstreams(g->dns, rows) : 0;

	*loss = there ? analysis_loss(g->analysis) : -1;
	*latency_ms = us ? us / 1000.0 : -1;
	while (n--)
		if (rows[n].measured && !rows[n].retired &&
		    (*latency_ms < 0 || rows[n].rtt_ms < *latency_ms))
			*latency_ms = rows[n].rtt_ms;
}

/* ---- life */

/* Loses 'data' when it comes to nothing. */
static void read_file(const char *path, size_t max,
		      int (*read)(void *into, const void *data, size_t len),
		      void *into)
{
	char *data;
	size_t len;
	int err = file_read(path, max, &data, &len);

	if (!err) {
		err = read(into, data, len);
		free(data);
	}
	if (err && err != -ENOENT)
		log_warn("%s: cannot be read: %s; begun anew", path,
			 strerror(-err));
}

static int read_events(void *into, const void *data, size_t len)
{
	return events_read(into, data, len);
}

static int read_habits(void *into, const void *data, size_t len)
{
	return habits_read(into, data, len);
}

static int read_evidence(void *into, const void *data, size_t len)
{
	return evidence_read(into, data, len);
}

static int read_diary(void *into, const void *data, size_t len)
{
	return diary_read(into, data, len);
}

int look_open(struct gateway *g, struct error *err)
{
	const struct analysis_house house = { .arg = g,
					      .name = device_name,
					      .happened = happened };
	int rc;

	g->analysis = analysis_new(&house);
	if (!g->analysis)
		return error_set(err, -ENOMEM, "analysis: out of memory");
	snprintf(g->events_path, sizeof(g->events_path), "%s/events.mp",
		 g->options->state_dir);
	snprintf(g->habits_path, sizeof(g->habits_path), "%s/habits.mp",
		 g->options->state_dir);
	snprintf(g->evidence_path, sizeof(g->evidence_path), "%s/evidence.mp",
		 g->options->state_dir);
	read_file(g->events_path, EVENTS_FILE_MAX, read_events,
		  analysis_events(g->analysis));
	read_file(g->habits_path, HABITS_FILE_MAX, read_habits,
		  analysis_habits(g->analysis));
	read_file(g->evidence_path, EVIDENCE_FILE_MAX, read_evidence,
		  analysis_evidence(g->analysis));
	snprintf(g->diary_path, sizeof(g->diary_path), "%s/diary.mp",
		 g->options->state_dir);
	read_file(g->diary_path, DIARY_FILE_MAX, read_diary, &g->diary);
	rc = ping_open(&g->ping, &g->loop, on_ping, g);
	if (rc)
		log_warn("wan: cannot ping the provider's gateway: %s",
			 strerror(-rc));
	return 0;
}

void look_close(struct gateway *g)
{
	ping_close(g->ping);
	g->ping = NULL;
}

void look_save(struct gateway *g, bool now)
{
	uv_loop_t *loop = now ? NULL : &g->loop;
	void *events = NULL, *habits = NULL, *evidence = NULL, *diary = NULL;
	size_t events_len = 0, habits_len = 0, evidence_len = 0, diary_len = 0;

	if (!g->analysis)
		return;
	if (events_changed(analysis_events(g->analysis)))
		events =
			events_write(analysis_events(g->analysis), &events_len);
	if (habits_changed(analysis_habits(g->analysis)))
		habits =
			habits_write(analysis_habits(g->analysis), &habits_len);
	if (evidence_changed(analysis_evidence(g->analysis)))
		evidence = evidence_write(analysis_evidence(g->analysis),
					  &evidence_len);
	if (diary_changed(&g->diary))
		diary = diary_write(&g->diary, &diary_len);
	saver_keep(&g->events_saver, loop, g->events_path, events, events_len);
	saver_keep(&g->habits_saver, loop, g->habits_path, habits, habits_len);
	saver_keep(&g->diary_saver, loop, g->diary_path, diary, diary_len);
	saver_keep(&g->evidence_saver, loop, g->evidence_path, evidence,
		   evidence_len);
}

void look_free(struct gateway *g)
{
	analysis_free(g->analysis);
	g->analysis = NULL;
}
