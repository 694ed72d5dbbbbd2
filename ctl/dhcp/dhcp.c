/* dhcp.c - the DHCPv4 server: sockets, time and the disk around dora.c.
 *
 * Called by the gateway. Loop's thread; the journal is written by libuv's
 * workers, one group at a time.
 * A message is handled at once. An ACK that changes the journal waits in
 * 'waiting' until its group begins, in 'flying' until that is on disk, and then
 * leaves: what one turn of the loop brings, and what comes while the disk is
 * busy, shares one sync.
 * Invariant: the replies in 'flying' belong to the group being written. */
#include "dhcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/container_of.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "dora.h"
#include "leases.h"
#include "pool.h"
#include "port67.h"
#include "rival.h"

#define BURST	    64	/* messages a turn of the loop */
#define REPLIES_MAX 256 /* ACKs that wait for one group */
/* Clients are heard this long after the question for another server went out,
 * so that a rival that is quick is not spoken over; the socket keeps what they
 * say meanwhile. */
#define QUIET_MS 300

struct replies {
	unsigned n;
	struct dora_reply *list; /* REPLIES_MAX */
};

struct dhcp {
	/* Fixed after dhcp_start(). */
	uv_loop_t *loop;
	struct dhcp_events events;
	struct leases *leases;
	struct rival *rival;

	/* The loop's. */
	struct dora dora; /* has the pool and the settings */
	struct port67 *port;
	uv_timer_t quiet, expiry;
	unsigned timers; /* not closed yet */
	bool listening, writing, stopping;
	struct replies waiting, flying;
	struct drop_row drops[DHCP_DROP_REASONS]; /* [0] is none */
	struct dhcp_lease *view; /* LEASE_TABLE_MAX, touched as used */

	/* The worker's while 'writing'. */
	uv_work_t work;
	int write_err;
};

/* clang-format off */
static const char *const drop_names[] = {
	NULL,
#define X(id, name) name,
	DHCP_DROPS(X)
#undef X
};
/* clang-format on */

static void count_drop(struct dhcp *d, enum dhcp_drop drop, size_t len)
{
	d->drops[drop].packets++;
	d->drops[drop].bytes += len;
}

static void send_reply(struct dhcp *d, struct dora_reply *reply)
{
	int err = port67_send(d->port, d->dora.conf.addr, reply);

	if (!err)
		return;
	log_debug("dhcp: %s: a reply did not leave: %s", d->dora.conf.ifname,
		  strerror(-err));
	count_drop(d, DHCP_DROP_SEND_FAILED, reply->len);
}

/* ---- the end of it all */

static void release(struct dhcp *d)
{
	if (d->timers || d->writing)
		return;
	leases_close(d->leases, clock_ms(), clock_wall_ms());
	pool_free(d->dora.pool);
	free(d->waiting.list);
	free(d->flying.list);
	free(d->view);
	free(d);
}

static void on_quiet_closed(uv_handle_t *handle)
{
	struct dhcp *d = container_of(handle, struct dhcp, quiet);

	d->timers--;
	release(d);
}

static void on_expiry_closed(uv_handle_t *handle)
{
	struct dhcp *d = container_of(handle, struct dhcp, expiry);

	d->timers--;
	release(d);
}

void dhcp_stop(struct dhcp *d)
{
	if (!d)
		return;
	d->stopping = true;
	rival_stop(d->rival);
	port67_close(d->port);
	uv_close((uv_handle_t *)&d->quiet, on_quiet_closed);
	uv_close((uv_handle_t *)&d->expiry, on_expiry_closed);
}

/* ---- groups for the journal */

static void begin_group(struct dhcp *d);

static void end_group(struct dhcp *d, int err)
{
	unsigned i;

	leases_done(d->leases, err);
	for (i = 0; i < d->flying.n && !d->stopping; i++) {
		if (err)
			count_drop(d, DHCP_DROP_NOT_WRITTEN,
				   d->flying.list[i].len);
		else
			send_reply(d, &d->flying.list[i]);
	}
	d->flying.n = 0;
}

static void write_group(uv_work_t *work)
{
	struct dhcp *d = container_of(work, struct dhcp, work);

	d->write_err = leases_write(d->leases);
}

static void on_written(uv_work_t *work, int status)
{
	struct dhcp *d = container_of(work, struct dhcp, work);
	int err = status ? status : d->write_err;

	d->writing = false;
	end_group(d, err);
	if (d->stopping)
		release(d);
	/* A disk that fails is tried again when a client asks again. */
	else if (!err || d->waiting.n)
		begin_group(d);
}

static void begin_group(struct dhcp *d)
{
	struct replies waiting = d->waiting;
	int err;

	if (d->writing || !leases_pending(d->leases))
		return;
	d->waiting = d->flying;
	d->flying = waiting;
	err = leases_take(d->leases, clock_ms(), clock_wall_ms());
	if (!err)
		err = uv_queue_work(d->loop, &d->work, write_group, on_written);
	if (err)
		end_group(d, err);
	else
		d->writing = true;
}

static void wait_for_disk(struct dhcp *d, const struct dora_reply *reply)
{
	if (d->waiting.n == REPLIES_MAX) {
		count_drop(d, DHCP_DROP_QUEUE_FULL, reply->len);
		return;
	}
	d->waiting.list[d->waiting.n++] = *reply;
}

/* ---- time */

static void on_expiry(uv_timer_t *timer);

static void arm_expiry(struct dhcp *d)
{
	uint64_t due_ms = pool_deadline(d->dora.pool), now_ms = clock_ms();

	if (due_ms == UINT64_MAX)
		uv_timer_stop(&d->expiry);
	else
		uv_timer_start(&d->expiry, on_expiry,
			       due_ms > now_ms ? due_ms - now_ms : 1, 0);
}

static void on_expiry(uv_timer_t *timer)
{
	struct dhcp *d = container_of(timer, struct dhcp, expiry);

	pool_expire(d->dora.pool, clock_ms());
	arm_expiry(d);
	begin_group(d);
}

/* ---- clients */

static void on_message(struct dhcp *d, const uint8_t *data, size_t len)
{
	struct dora_reply reply;
	enum dhcp_drop drop;
	struct dhcp_msg m;

	if (dhcp_msg_parse(&m, data, len)) {
		count_drop(d, DHCP_DROP_MALFORMED, len);
		return;
	}
	if (rival_is_probe(d->rival, &m))
		return;
	drop = dora_handle(&d->dora, &m, clock_ms(), &reply);
	if (drop)
		count_drop(d, drop, len);
	if (drop == DHCP_DROP_OTHER_SERVER)
		rival_hint(d->rival);
	if (drop || !reply.len)
		return;
	if (reply.durable)
		wait_for_disk(d, &reply);
	else
		send_reply(d, &reply);
}

static void on_ready(void *arg)
{
	struct dhcp *d = arg;
	uint8_t buf[DHCP_MSG_MAX];
	ssize_t n;
	int i;

	for (i = 0; i < BURST; i++) {
		n = port67_recv(d->port, buf, sizeof(buf));
		if (n == -EMSGSIZE)
			count_drop(d, DHCP_DROP_MALFORMED, sizeof(buf));
		else if (n < 0)
			break;
		else
			on_message(d, buf, (size_t)n);
	}
	arm_expiry(d);
	begin_group(d);
}

static void on_quiet_over(uv_timer_t *timer)
{
	struct dhcp *d = container_of(timer, struct dhcp, quiet);

	d->listening = true;
	port67_listen(d->port);
}

/* ---- what others hear of */

static void fill_lease(const struct lease *l, uint64_t now_ms, uint64_t wall_ms,
		       struct dhcp_lease *out)
{
	bool bound = l->state == LEASE_BOUND;
	int64_t end_ms = bound ? (int64_t)l->until_ms : l->ended_ms;

	out->mac = l->mac;
	out->ip = l->ip;
	memcpy(out->hostname, l->hostname, sizeof(out->hostname));
	out->expires_wall_s =
		(uint64_t)((int64_t)wall_ms + end_ms - (int64_t)now_ms) / 1000;
	out->is_static = l->is_static;
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
	fill_lease(l, now_ms, wall_ms, &lease);
	d->events.on_lease(d->events.arg, &lease, change != POOL_BOUND);
}

static void on_rival(void *arg, __be32 server, bool here)
{
	struct dhcp *d = arg;

	d->dora.silent = here;
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
			fill_lease(l, now_ms, wall_ms, &d->view[n++]);
	}
	*out = d->view;
	return n;
}

unsigned dhcp_drops(const struct dhcp *d, const struct drop_row **out)
{
	*out = d->drops + 1;
	return DHCP_DROP_REASONS - 1;
}

/* ---- starting and changing */

static struct dhcp *new_server(uv_loop_t *loop, const struct dhcp_conf *conf,
			       const struct dhcp_events *events)
{
	struct dhcp *d = calloc(1, sizeof(*d));
	unsigned i;

	if (!d)
		return NULL;
	d->loop = loop;
	d->events = *events;
	d->dora.conf = *conf;
	for (i = 1; i < DHCP_DROP_REASONS; i++)
		d->drops[i].reason = drop_names[i];
	d->waiting.list = calloc(REPLIES_MAX, sizeof(*d->waiting.list));
	d->flying.list = calloc(REPLIES_MAX, sizeof(*d->flying.list));
	d->view = calloc(LEASE_TABLE_MAX, sizeof(*d->view));
	if (d->waiting.list && d->flying.list && d->view)
		return d;
	release(d);
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
	d->timers = 2;
	uv_timer_start(&d->quiet, on_quiet_over, QUIET_MS, 0);
	arm_expiry(d);
}

static struct rival_place place_of(const struct dhcp_conf *conf)
{
	struct rival_place place = { .ifindex = conf->ifindex,
				     .own = conf->addr };

	memcpy(place.ifname, conf->ifname, sizeof(place.ifname));
	return place;
}

/* The sockets come first: a server that already runs here, ours included, is
 * noticed before its journal is touched. */
int dhcp_start(struct dhcp **out, uv_loop_t *loop, const struct dhcp_conf *conf,
	       const char *path, const struct dhcp_events *events,
	       struct error *err)
{
	struct rival_place place = place_of(conf);
	struct dhcp *d = new_server(loop, conf, events);
	int r;

	if (!d)
		return error_set(err, -ENOMEM, "dhcp: out of memory");
	r = port67_open(&d->port, conf->ifname, conf->ifindex, err);
	if (r)
		goto fail;
	r = make_pool(d, err);
	if (r)
		goto fail;
	r = leases_open(&d->leases, path, d->dora.pool, clock_ms(),
			clock_wall_ms(), err);
	if (r)
		goto fail;
	r = port67_attach(d->port, loop, on_ready, d);
	if (!r)
		r = rival_start(&d->rival, loop, &place, on_rival, d);
	if (r) {
		error_set(err, r, "dhcp: cannot start: %s", strerror(-r));
		goto fail;
	}
	pool_listen(d->dora.pool, on_pool_change, d);
	start_timers(d);
	*out = d;
	return 0;
fail:
	port67_close(d->port);
	release(d);
	return r;
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
	r = port67_attach(port, d->loop, on_ready, d);
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
		if (d->listening)
			port67_listen(d->port);
	}
	if (old || was.addr != conf->addr || was.mask != conf->mask) {
		/* What waits for the disk was promised in the old network. */
		d->waiting.n = d->flying.n = 0;
		rival_move(d->rival, &place);
	}
	arm_expiry(d);
	begin_group(d);
	return 0;
}
