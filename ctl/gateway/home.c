/* home.c - who is at home: feeds the registry of devices and keeps its file;
 * every second it has the analysis look at them.
 *
 * Called by gateway.c, events.c and the loop. Control thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "gateway_priv.h"
#include "../state/file.h"

#define TICK_MS	     1000
#define SAVE_TICKS   300 /* between two files */
#define ASK_TICKS    10	 /* between two rounds of questions */
#define HERE_MS	     60000
#define ASK_AGAIN_MS (3600 * 1000ull)
#define ASK_MAX	     4 /* in a round */

/* ---- what is fed */

/* Ours, and what bridges make of ours. */
static bool is_own(const struct gateway *g, const struct mac *mac)
{
	const struct link_if *ifs;
	unsigned n = link_ifs(g->link, &ifs);

	while (n--)
		if (mac_eq(&ifs[n].mac, mac))
			return true;
	return false;
}

static bool is_home(const struct gateway *g, const struct addr *a)
{
	return addr_is_v4(a) ? prefix_has(&g->lan_net, a) &&
				       !addr_eq(&g->lan_net.addr, a)
			     : a->b[0] != 0xff;
}

static void note(struct gateway *g, const struct mac *mac,
		 const struct addr *addr)
{
	if (!g->devices || is_own(g, mac))
		return;
	if (is_home(g, addr))
		devices_has(g->devices, mac, addr, clock_wall_ms());
}

void home_on_neigh(struct gateway *g, const struct link_neigh *n)
{
	if (n->valid && n->ifindex == g->lan_ifindex)
		note(g, &n->mac, &n->addr);
}

void home_on_arp(void *arg, const struct arp *a)
{
	struct addr addr = addr_v4(a->sender_ip);
	struct gateway *g = arg;

	if (is_own(g, &a->sender))
		return;
	look_at_arp(g, a);
	if (a->sender_ip)
		note(g, &a->sender, &addr);
}

void home_on_lease(struct gateway *g, const struct dhcp_lease *lease)
{
	if (g->devices)
		devices_leased(g->devices, &lease->mac, lease->hostname,
			       lease->id, lease->id_len, clock_wall_ms());
}

static void on_mdns(void *arg, const struct mac *mac, const char *name)
{
	struct gateway *g = arg;

	if (!is_own(g, mac))
		devices_calls_itself(g->devices, mac, name, clock_wall_ms());
}

/* Those that moved anything since the last tick. */
static void note_carried(struct gateway *g)
{
	static struct device_row rows[DEVICES_MAX];
	unsigned n = engine_devices(g->engine, rows, DEVICES_MAX);
	uint64_t since_ms = clock_ms() - 2 * TICK_MS;

	look_at_rows(g, rows, n);
	while (n--)
		if (rows[n].last_seen_ms >= since_ms)
			note(g, &rows[n].mac, &rows[n].addr);
}

/* ---- multicast DNS */

static void follow_lan(struct gateway *g)
{
	const struct link_if *i = link_by_index(g->link, g->lan_ifindex);
	int err;

	if (g->ear_ifindex == g->lan_ifindex || !i)
		return;
	ear_close(g->ear);
	g->ear = NULL;
	g->ear_ifindex = g->lan_ifindex;
	err = ear_open(&g->ear, &g->loop, i->name, i->ifindex, on_mdns, g);
	if (err)
		log_warn("devices: %s: cannot listen to multicast DNS: %s",
			 i->name, strerror(-err));
}

/* A device that is here and has told nobody its name is asked for it, once an
 * hour at most; those that answer are asked no more. */
static void ask_nameless(struct gateway *g, uint64_t now_ms)
{
	const struct device *all;
	unsigned n = devices_all(g->devices, &all), asked = 0;

	for (unsigned i = 0; i < n && g->ear && asked < ASK_MAX; i++) {
		const struct device *d = &all[i];

		if (d->hostname[0] || d->mdns[0] ||
		    addr_is_zero(&d->addrs[0].addr) ||
		    d->addrs[0].last_ms + HERE_MS < now_ms ||
		    (d->asked_ms && d->asked_ms + ASK_AGAIN_MS > now_ms))
			continue;
		ear_ask(g->ear, &d->addrs[0].addr);
		devices_asked(g->devices, &d->mac, now_ms);
		asked++;
	}
}

/* ---- the file */

static void save(struct gateway *g, bool now)
{
	void *data = NULL;
	size_t len = 0;

	if (devices_changed(g->devices))
		data = devices_write(g->devices, &len);
	saver_keep(&g->devices_saver, now ? NULL : &g->loop, g->devices_path,
		   data, len);
	look_save(g, now);
}

/* What cannot be read is begun anew: it may be lost without harm. */
static void load(struct gateway *g)
{
	char *data;
	size_t len;
	int err = file_read(g->devices_path, DEVICES_FILE_MAX, &data, &len);

	if (!err) {
		err = devices_read(g->devices, data, len);
		free(data);
	}
	if (err && err != -ENOENT)
		log_warn("%s: cannot be read: %s; devices are learned anew",
			 g->devices_path, strerror(-err));
}

/* ---- life */

static void on_tick(uv_timer_t *timer)
{
	struct gateway *g = timer->data;
	uint64_t now_ms = clock_wall_ms();

	g->home_ticks++;
	follow_lan(g);
	note_carried(g);
	look_second(g);
	if (g->home_ticks % ASK_TICKS == 0)
		ask_nameless(g, now_ms);
	if (g->home_ticks % SAVE_TICKS)
		return;
	devices_forget(g->devices, now_ms);
	save(g, false);
}

int home_open(struct gateway *g, struct error *err)
{
	int rc;

	g->devices = devices_new();
	if (!g->devices)
		return error_set(err, -ENOMEM, "devices: out of memory");
	snprintf(g->devices_path, sizeof(g->devices_path), "%s/devices.mp",
		 g->options->state_dir);
	load(g);
	rc = look_open(g, err);
	if (rc)
		return rc;
	uv_timer_init(&g->loop, &g->home_tick);
	g->home_tick.data = g;
	uv_timer_start(&g->home_tick, on_tick, TICK_MS, TICK_MS);
	return 0;
}

void home_close(struct gateway *g)
{
	if (!g->analysis)
		return;
	uv_timer_stop(&g->home_tick);
	look_close(g);
	ear_close(g->ear);
	g->ear = NULL;
}

void home_save(struct gateway *g)
{
	if (g->devices)
		save(g, true);
	look_free(g);
	devices_free(g->devices);
	g->devices = NULL;
}
