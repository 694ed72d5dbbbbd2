/* dhcp.c - the DHCPv4 server: what its parts tell each other.
 *
 * Called by the gateway. Loop's thread.
 *
 * port67 -> dora -> commit -> port67   a message, what is done, the disk
 *             \-> probe -> dora again  has anyone the address?
 * arp_port -> probe, pool              who has which address
 * rival -> dora                        another server: silence
 * pool -> leases, the gateway          every change */
#include "dhcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/container_of.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "dhcp_priv.h"

/* Clients are heard this long after the question for another server went out,
 * so that a rival that is quick is not spoken over; the socket keeps what they
 * say meanwhile. */
#define QUIET_MS 300

/* clang-format off */
static const char *const drop_names[] = {
	NULL,
#define X(id, name) name,
	DHCP_DROPS(X)
#undef X
};
/* clang-format on */

/* ---- the end of it all */

static void release(struct dhcp *d)
{
	if (d->open)
		return;
	leases_close(d->leases, clock_ms(), clock_wall_ms());
	pool_free(d->dora.pool);
	free(d->view);
	free(d);
}

static void on_closed(void *arg)
{
	struct dhcp *d = arg;

	d->open--;
	release(d);
}

static void on_quiet_closed(uv_handle_t *handle)
{
	on_closed(container_of(handle, struct dhcp, quiet));
}

static void on_expiry_closed(uv_handle_t *handle)
{
	on_closed(container_of(handle, struct dhcp, expiry));
}

void dhcp_stop(struct dhcp *d)
{
	if (!d)
		return;
	rival_stop(d->rival);
	probes_free(d->probes);
	arp_port_close(d->arp);
	port67_close(d->port);
	uv_close((uv_handle_t *)&d->quiet, on_quiet_closed);
	uv_close((uv_handle_t *)&d->expiry, on_expiry_closed);
	commit_close(d->commit, on_closed, d);
}

/* ---- what others hear of */

static void fill_lease(const struct dhcp *d, const struct lease *l,
		       uint64_t now_ms, uint64_t wall_ms,
		       struct dhcp_lease *out)
{
	bool bound = l->state == LEASE_BOUND;
	int64_t end_ms = bound ? (int64_t)l->until_ms : l->ended_ms;
	int64_t half_ms = (int64_t)d->dora.conf.lease_s * 500;
	/* Of a lease from before the start only the end is known. */
	int64_t renew_ms =
		l->renew_ms ? (int64_t)l->renew_ms : end_ms - half_ms;
	int64_t wall = (int64_t)wall_ms - (int64_t)now_ms;

	out->mac = l->mac;
	out->ip = l->ip;
	memcpy(out->hostname, l->hostname, sizeof(out->hostname));
	out->expires_wall_s = (uint64_t)(wall + end_ms) / 1000;
	out->renews_wall_s = (uint64_t)(wall + renew_ms) / 1000;
	out->is_static = l->is_static;
	out->id_len = l->id.len;
	memcpy(out->id, l->id.b, l->id.len);
}

static void on_pool_change(void *arg, const struct lease *l,
			   enum pool_change change)
{
	uint64_t now_ms = clock_ms(), wall_ms = clock_wall_ms();
	struct dhcp *d = arg;
	struct dhcp_lease lease;

	leases_note(d->leases, l, change, now_ms, wall_ms);
	/* The end of one that was only remembered is news to nobody. */
	if (!d->events.on_lease ||
	    (change == POOL_FORGOTTEN && l->state != LEASE_BOUND))
		return;
	fill_lease(d, l, now_ms, wall_ms, &lease);
	d->events.on_lease(d->events.arg, &lease, change != POOL_BOUND);
}

static void on_rival(void *arg, __be32 server, bool here)
{
	struct dhcp *d = arg;

	d->dora.silent = here;
	d->rival_ip = here ? server : 0;
	dhcp_note(d, here ? DIARY_RIVAL : DIARY_RIVAL_GONE, server, NULL, NULL);
	if (d->events.on_rival)
		d->events.on_rival(d->events.arg, server, here);
}

unsigned dhcp_leases(const struct dhcp *d, const struct dhcp_lease **out)
{
	uint64_t now_ms = clock_ms(), wall_ms = clock_wall_ms();
	const struct lease *l;
	unsigned at = 0, n = 0;

	while ((l = pool_next(d->dora.pool, &at))) {
		if (l->state == LEASE_BOUND)
			fill_lease(d, l, now_ms, wall_ms, &d->view[n++]);
	}
	*out = d->view;
	return n;
}

void dhcp_fill(const struct dhcp *d, struct dhcp_fill *out)
{
	pool_fill(d->dora.pool, out);
	out->rival = d->rival_ip;
	out->rival_ip = d->rival_ip;
}

const struct diary *dhcp_diary(const struct dhcp *d)
{
	return d->diary;
}

unsigned dhcp_drops(const struct dhcp *d, const struct drop_row **out)
{
	*out = d->drops + 1;
	return DHCP_DROP_REASONS - 1;
}

/* ---- starting and changing */

static void on_quiet_over(uv_timer_t *timer)
{
	struct dhcp *d = container_of(timer, struct dhcp, quiet);

	d->listening = true;
	port67_listen(d->port);
}

static struct dhcp *new_server(uv_loop_t *loop, const struct dhcp_conf *conf,
			       const struct dhcp_events *events)
{
	struct dhcp *d = calloc(1, sizeof(*d));
	unsigned i;

	if (!d)
		return NULL;
	d->loop = loop;
	d->events = *events;
	d->diary = events->diary ? events->diary : &d->own;
	d->dora.conf = *conf;
	d->dora.port_of = events->port_of;
	d->dora.port_of_arg = events->arg;
	for (i = 1; i < DHCP_DROP_REASONS; i++)
		d->drops[i].reason = drop_names[i];
	d->view = calloc(LEASE_TABLE_MAX, sizeof(*d->view));
	if (d->view)
		return d;
	free(d);
	return NULL;
}

static int make_pool(struct dhcp *d, struct error *err)
{
	const struct dhcp_conf *conf = &d->dora.conf;
	struct addr addr = addr_v4(conf->addr);
	char text[ADDR_STRLEN];
	int r = pool_new(&d->dora.pool, conf);

	if (r == -EINVAL)
		return error_set(err, r,
				 "the network of %s on %s has no room for "
				 "clients; choose a larger one",
				 addr_format(&addr, text), conf->ifname);
	return r ? error_set(err, r, "dhcp: out of memory") : 0;
}

static void start_timers(struct dhcp *d)
{
	uv_timer_init(d->loop, &d->quiet);
	uv_timer_init(d->loop, &d->expiry);
	d->open += 2;
	uv_timer_start(&d->quiet, on_quiet_over, QUIET_MS, 0);
	dhcp_arm_expiry(d);
}

static struct rival_place place_of(const struct dhcp_conf *conf)
{
	struct rival_place place = { .ifindex = conf->ifindex,
				     .own = conf->addr };

	memcpy(place.ifname, conf->ifname, sizeof(place.ifname));
	return place;
}

/* What works on the leases and on the sockets; NULL are those not yet made. */
static int start_parts(struct dhcp *d)
{
	const struct commit_events commits = { .arg = d,
					       .send = dhcp_on_commit_send,
					       .lost = dhcp_on_commit_lost };
	const struct probe_events probes = { .arg = d,
					     .ask = dhcp_on_probe_ask,
					     .done = dhcp_on_probe_done };
	struct rival_place place = place_of(&d->dora.conf);
	int r = port67_attach(d->port, d->loop, dhcp_on_ready, d);

	if (!r)
		r = commit_new(&d->commit, d->loop, d->leases, &commits);
	if (r)
		return r;
	d->open++;
	r = probes_new(&d->probes, d->loop, &probes);
	if (!r)
		r = rival_start(&d->rival, d->loop, &place, on_rival, d);
	return r;
}

static void abandon(struct dhcp *d)
{
	port67_close(d->port);
	probes_free(d->probes);
	if (d->commit)
		commit_close(d->commit, on_closed, d);
	else
		release(d);
}

/* The sockets come first: a server that already runs here, ours included, is
 * noticed before its journal is touched. */
int dhcp_start(struct dhcp **out, uv_loop_t *loop, const struct dhcp_conf *conf,
	       const char *path, const struct dhcp_events *events,
	       struct error *err)
{
	struct dhcp *d = new_server(loop, conf, events);
	int r;

	if (!d)
		return error_set(err, -ENOMEM, "dhcp: out of memory");
	r = port67_open(&d->port, conf->ifname, conf->ifindex, err);
	if (!r)
		r = make_pool(d, err);
	if (!r)
		r = leases_open(&d->leases, path, d->dora.pool, clock_ms(),
				clock_wall_ms(), err);
	if (r) {
		abandon(d);
		return r;
	}
	r = start_parts(d);
	if (r) {
		error_set(err, r, "dhcp: cannot start: %s", strerror(-r));
		abandon(d);
		return r;
	}
	dhcp_open_arp(d, conf);
	pool_listen(d->dora.pool, on_pool_change, d);
	start_timers(d);
	*out = d;
	return 0;
}

/* Another interface needs other sockets; -errno leaves the old ones. */
static int change_port(struct dhcp *d, const struct dhcp_conf *conf,
		       struct port67 **old, struct error *error)
{
	const struct dhcp_conf *now = &d->dora.conf;
	struct port67 *port;
	int r;

	*old = NULL;
	if (now->ifindex == conf->ifindex && !strcmp(now->ifname, conf->ifname))
		return 0;
	r = port67_open(&port, conf->ifname, conf->ifindex, error);
	if (r)
		return r;
	r = port67_attach(port, d->loop, dhcp_on_ready, d);
	if (r) {
		port67_close(port);
		return error_set(error, r, "dhcp: %s: %s", conf->ifname,
				 strerror(-r));
	}
	*old = d->port;
	d->port = port;
	return 0;
}

int dhcp_configure(struct dhcp *d, const struct dhcp_conf *conf,
		   struct error *error)
{
	struct rival_place place = place_of(conf);
	const struct dhcp_conf was = d->dora.conf;
	struct port67 *old;
	int err;

	err = change_port(d, conf, &old, error);
	if (err)
		return err;
	err = pool_configure(d->dora.pool, conf);
	if (err && old) {
		port67_close(d->port);
		d->port = old;
	}
	if (err)
		return error_set(error, err, "dhcp: %s: %s", conf->ifname,
				 strerror(-err));
	d->dora.conf = *conf;
	if (old) {
		port67_close(old);
		dhcp_open_arp(d, conf);
		if (d->listening)
			port67_listen(d->port);
	}
	if (old || was.addr != conf->addr || was.mask != conf->mask) {
		/* What waits for the disk was promised in the old network. */
		commit_forget(d->commit);
		rival_move(d->rival, &place);
	}
	dhcp_arm_expiry(d);
	commit_begin(d->commit);
	return 0;
}
