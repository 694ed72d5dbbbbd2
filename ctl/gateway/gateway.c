/* gateway.c - the init ladder, the loop and the way down.
 * Called by main.c. Control thread.
 * Invariant: what a rung made, its counterpart in close_all() takes away; what
 * was changed on the machine stands in the journal and is undone last. */
#include "gateway.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "gateway_priv.h"
#include "../link/guard.h"
#include "notify.h"
#include "privilege.h"
#include "ssh.h"
#include "../state/file.h"

/* ---- rungs */

static int open_state(struct gateway *g, struct error *err)
{
	int rc = file_mkdirs(g->options->state_dir, 0755);
	if (rc)
		return error_set(err, rc, "%s: %s: name another with --state",
				 g->options->state_dir, strerror(-rc));
	return settings_open(&g->settings, g->options->state_dir, err);
}

/* What an earlier run left is taken over rung by rung, if it was of our kind;
 * else it is undone before anything is looked at. */
static void look_back(struct gateway *g, bool left)
{
	enum gate_left gate = gate_left(GATE_BPFFS, g->instance.name);

	g->adopting = left && gate != GATE_LEFT_OTHER;
	if (g->adopting) {
		log_info("taking over what an earlier run left");
	} else if (gate == GATE_LEFT_OTHER) {
		log_info("an earlier run was of another version: undoing its "
			 "changes and starting clean");
		leftovers_undo(g->journal, &g->instance);
	} else {
		gate_clean(GATE_BPFFS, g->instance.name);
		unlink(g->instance.tables);
		unlink(g->instance.names);
	}
}

static int open_journal(struct gateway *g, struct error *err)
{
	bool left;
	int rc = privilege_check(err);

	if (!rc)
		rc = instance_lock(&g->instance, err);
	if (!rc)
		rc = journal_open(&g->journal, g->instance.journal, &left, err);
	if (!rc)
		look_back(g, left);
	return rc;
}

static int open_links(struct gateway *g, struct error *err)
{
	const struct link_events events = { .arg = g,
					    .on_change = events_on_change,
					    .on_neigh = events_on_neigh,
					    .on_fdb = events_on_fdb };
	int rc = link_open(&g->link, &g->loop, &events, err);

	if (!rc)
		rc = ports_pick(g, err);
	if (!rc)
		rc = ports_check_services(g, err);
	return rc;
}

static int open_gate(struct gateway *g, struct error *err)
{
	int rc = guard_bpffs_mount(g->journal, GATE_BPFFS, err);

	if (!rc)
		rc = gate_open(&g->gate, GATE_BPFFS, g->instance.name, err);
	return rc;
}

static int open_engine(struct gateway *g, struct error *err)
{
	const struct engine_limits limits = ENGINE_LIMITS_DEFAULT;
	struct engine_tables tables;
	uint32_t adopted;
	int rc;

	if (flow_names_open(g))
		return error_set(err, -ENOMEM, "names: out of memory");
	tables = (struct engine_tables){ .path = g->instance.tables,
					 .names = names_line(g->names) };
	g->engine = engine_new(&limits, &tables, &adopted);
	g->answers = answers_new();
	if (!g->engine || !g->answers)
		return error_set(err, -ENOMEM, "engine: out of memory");
	engine_set_answers(g->engine, g->answers);
	if (adopted)
		log_info("nat: %u connections go on", adopted);
	captures_take(g);
	rc = uv_poll_init(&g->loop, &g->engine_events,
			  engine_event_fd(g->engine));
	if (rc)
		return error_set(err, rc, "engine: %s", uv_strerror(rc));
	g->engine_events.data = g;
	uv_poll_start(&g->engine_events, UV_READABLE, events_on_engine);
	return 0;
}

/* A gateway started over its own WAN must not lock its owner out. */
static void keep_ssh(struct gateway *g)
{
	const struct link_if *wan = link_by_index(g->link, g->roles.wan);
	struct endpoint server;
	bool ours = false;

	if (!wan || !ssh_session(&server))
		return;
	for (unsigned n = 0; n < wan->addrs_n; n++)
		ours |= addr_eq(&wan->addrs[n].addr, &server.addr);
	if (!ours)
		return;
	g->ssh_open = true;
	g->ssh_port = ntohs(server.port);
	log_warn("wan: TCP port %u stays open, because this gateway was "
		 "started over it",
		 g->ssh_port);
}

static int open_api(struct gateway *g, struct error *err)
{
	struct api_house house;
	int rc;

	snprintf(g->password_path, sizeof(g->password_path), "%s/password",
		 g->options->state_dir);
	snprintf(g->sessions_path, sizeof(g->sessions_path), "%s/sessions.mp",
		 g->options->state_dir);
	house = house_for_api(g);
	rc = api_new(&g->api, &g->loop, &house);
	settings_set_judge(g->settings, house_judges, g);
	if (rc == -EINVAL)
		return error_set(err, rc,
				 "%s: holds no password that can be read; "
				 "remove it, then choose a new one",
				 g->password_path);
	if (rc)
		return error_set(err, rc, "api: %s", strerror(-rc));
	return http_listen_unix(&g->socket, &g->loop, g->instance.socket,
				api_handle, g->api, err);
}

/* ---- the loop's own handles */

static void on_sockets(uv_timer_t *timer)
{
	struct gateway *g = timer->data;

	sync_sockets(g);
	lane_sync(g);
	/* The kernel does not tell when a link is detached. */
	carry_keep(g);
	if (resolv_changed(&g->resolv) || g->failed_ms)
		sync_soon(g);
}

/* The way out is always kept fresh, used or not; a database may have come. */
static void on_freshen(uv_timer_t *timer)
{
	struct gateway *g = timer->data;
	struct addr gateway = addr_v4(g->conf.wan.gateway);

	countries_look(g->countries);
	if (g->conf.wan.gateway)
		link_neigh_use(g->link, g->roles.wan, &gateway);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct gateway *g = handle->data;

	if (g->stopping) { /* too late for the loop, not for what is last */
		g->restarting &= number == SIGUSR2;
		return;
	}
	g->restarting = number == SIGUSR2;
	if (g->ending) {
		uv_stop(&g->loop); /* who asks twice means at once */
		return;
	}
	g->ending = true;
	log_info(g->restarting ? "restarting" : "stopping");
	traffic_end(g);
}

static void no_work(uv_work_t *work)
{
	(void)work;
}

static void no_work_done(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

/* libuv's worker threads inherit the mask of who first gives them work. With
 * every signal blocked there, this thread alone is told, and can refuse. */
static void start_workers(struct gateway *g)
{
	static uv_work_t first;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	uv_queue_work(&g->loop, &first, no_work, no_work_done);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void start_handles(struct gateway *g)
{
	const struct {
		uv_signal_t *handle;
		int number;
	} signals[] = { { &g->sigterm, SIGTERM },
			{ &g->sigint, SIGINT },
			{ &g->sighup, SIGHUP },
			{ &g->sigusr2, SIGUSR2 } };
	sigset_t none;

	for (unsigned n = 0; n < sizeof(signals) / sizeof(*signals); n++) {
		uv_signal_init(&g->loop, signals[n].handle);
		signals[n].handle->data = g;
		uv_signal_start(signals[n].handle, on_signal,
				signals[n].number);
	}
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	uv_timer_init(&g->loop, &g->sync_soon);
	uv_timer_init(&g->loop, &g->sockets_tick);
	uv_timer_init(&g->loop, &g->freshen_tick);
	g->sync_soon.data = g->sockets_tick.data = g->freshen_tick.data = g;
	uv_timer_start(&g->sockets_tick, on_sockets, SOCKETS_MS, SOCKETS_MS);
	uv_timer_start(&g->freshen_tick, on_freshen, 0, FRESHEN_MS);
}

/* ---- up and down */

/* Who holds a port of our block before it is ours is a server, and stays
 * closed. Later ones are clients: those known from an earlier run are told by
 * its own bitmap. */
static void find_servers(struct gateway *g)
{
	const uint64_t *own = gate_local_own(g->gate) + PLAN_UDP_WORD;
	const unsigned first = PLAN_OWN_PORT_FIRST / 64;
	const unsigned last = PLAN_OWN_PORT_LAST / 64;
	uint64_t any = 0;

	for (unsigned w = first; w <= last; w++)
		any |= own[w];
	if (!g->adopting || !any) {
		memcpy(g->servers_udp, g->sockets.held[1],
		       sizeof(g->servers_udp));
		return;
	}
	for (unsigned w = first; w <= last; w++)
		g->servers_udp[w] = ~own[w];
}

/* Nothing on the machine changes before the fifth rung. */
static int open_all(struct gateway *g, struct error *err)
{
	int rc = open_journal(g, err);

	if (!rc)
		rc = open_state(g, err);
	if (!rc)
		rc = home_open(g, err);
	if (!rc)
		rc = open_links(g, err);
	if (!rc)
		rc = open_engine(g, err);
	if (!rc)
		rc = traffic_open(g, err);
	if (!rc)
		rc = open_gate(g, err);
	if (!rc)
		rc = ports_prepare(g, err);
	if (rc)
		return rc;
	keep_ssh(g);
	sync_sockets(g);
	find_servers(g);
	rc = link_refresh(g->link);
	if (rc)
		error_set(err, rc, "link: cannot be read anew: %s",
			  strerror(-rc));
	if (!rc)
		rc = open_api(g, err);
	if (!rc)
		rc = sync_all(g, err);
	if (!rc)
		rc = kernel_watch(g, err);
	if (!rc)
		rc = carry_start(g, err);
	if (rc)
		return rc;
	traffic_load(g);
	lane_watch(g);
	gate_settle(g->gate);
	leftovers_sweep(g->journal);
	g->adopting = false;
	return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* A restart leaves gate, changes and journal to its successor. */
static void leave_machine(struct gateway *g)
{
	if (g->gate)
		gate_leave(g->gate);
	if (g->journal)
		journal_close(g->journal);
}

/* The machine as it was. Forwarding has ended and the engine is gone before the
 * programs come off: until then they let nothing through. */
static void give_back(struct gateway *g)
{
	int failed;

	if (!g->journal)
		return;
	journal_undo_forwarding(g->journal);
	if (g->gate)
		gate_close(g->gate);
	failed = leftovers_undo(g->journal, &g->instance);
	journal_close(g->journal);
	if (!failed)
		unlink(g->instance.journal);
}

/* From here on nothing may come up again, and no signal may end us before the
 * machine is as it was. */
static void begin_end(struct gateway *g)
{
	sigset_t all;

	g->stopping = true;
	uv_timer_stop(&g->sync_soon);
	uv_timer_stop(&g->sockets_tick);
	uv_timer_stop(&g->freshen_tick);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* The reverse of open_all(). Modules close their handles first; what is left
 * on the loop then is the gateway's own. */
static void close_all(struct gateway *g)
{
	begin_end(g);
	if (g->ui)
		http_close(g->ui);
	if (g->socket)
		http_close(g->socket);
	if (g->api)
		api_free(g->api);
	if (g->dns)
		dns_stop(g->dns);
	if (g->dhcp)
		dhcp_stop(g->dhcp);
	if (g->drivers)
		nlwatch_close(g->drivers);
	if (g->nft)
		nlwatch_close(g->nft);
	home_close(g);
	if (g->link)
		link_close(g->link);
	uv_run(&g->loop, UV_RUN_NOWAIT);
	uv_walk(&g->loop, close_handle, NULL);
	while (uv_run(&g->loop, UV_RUN_DEFAULT))
		;
	uv_loop_close(&g->loop);
	home_save(g);
	if (g->settings)
		settings_close(g->settings);
	/* It carries until there is nothing else to do. */
	carry_halt(g);
	traffic_close(g);
	if (g->engine && g->restarting)
		captures_hand_on(g);
	if (g->engine)
		engine_free(g->engine);
	answers_free(g->answers);
	flow_names_close(g);
	if (g->restarting)
		leave_machine(g);
	else
		give_back(g);
	if (g->restarting)
		instance_hand_on(&g->instance);
	else
		instance_unlock(&g->instance);
}

/* The file that bears the name now: after an upgrade that is the new one. */
static void find_self(struct gateway *g)
{
	ssize_t n = readlink("/proc/self/exe", g->exe, sizeof(g->exe) - 1);

	g->exe[n > 0 ? n : 0] = '\0';
}

/* Returns only when it fails; the changes that a successor would have taken
 * over are then undone. Signals stay blocked: who is told to end or to start
 * anew meanwhile would just die of it, and leave the machine as it is. They
 * wait for start_handles() of the successor. */
static int start_anew(struct gateway *g)
{
	struct error err;
	bool left;

	execv(g->exe, g->argv);
	log_err("%s: cannot start anew: %s", g->exe, strerror(errno));
	if (!journal_open(&g->journal, g->instance.journal, &left, &err))
		leftovers_undo(g->journal, &g->instance);
	instance_unlock(&g->instance);
	return 1;
}

int gateway_run(const struct gateway_options *o, char **argv)
{
	static struct gateway gateway;
	struct gateway *g = &gateway;
	struct error err = { "" };
	int rc;

	signal(SIGPIPE, SIG_IGN);
	g->options = o;
	g->argv = argv;
	g->started_ms = clock_ms();
	find_self(g);
	privilege_take_files();
	resolv_changed(&g->resolv);
	instance_init(&g->instance, o->instance);
	snprintf(g->bridge_name, sizeof(g->bridge_name), "%.11s-lan",
		 o->instance);
	snprintf(g->tun_name, sizeof(g->tun_name), "%.11s-tun", o->instance);
	uv_loop_init(&g->loop);
	start_workers(g);
	start_handles(g);
	rc = open_all(g, &err);
	if (rc) {
		log_err("%s", err.text);
	} else {
		notify("READY=1");
		log_info("ready");
		uv_run(&g->loop, UV_RUN_DEFAULT);
		notify(g->restarting ? "RELOADING=1" : "STOPPING=1");
	}
	close_all(g);
	return g->restarting ? start_anew(g) : rc ? 1 : 0;
}
