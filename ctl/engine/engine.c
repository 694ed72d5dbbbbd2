/* engine.c - the control thread's hold on the engine.
 * Called by gateway and api. Control thread; the engine thread lives in
 * worker.c.
 * Invariant: ports are open or closed only while 'running' is false. */
#include "engine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../base/answers.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "worker.h"

struct engine {
	struct engine_limits limits;
	struct engine_gate gate;
	bool running;
	pthread_t thread;
	struct worker worker;
};

struct engine *engine_new(const struct engine_limits *limits,
			  const struct engine_tables *tables, uint32_t *adopted)
{
	struct engine *e = calloc(1, sizeof(*e));
	uint32_t mappings;

	if (!e)
		return NULL;
	e->limits = *limits;
	if (worker_init(&e->worker, limits, tables)) {
		free(e);
		return NULL;
	}
	nat_totals(e->worker.nat, &mappings, adopted);
	return e;
}

void engine_free(struct engine *e)
{
	struct engine_event ev;

	if (!e)
		return;
	while (engine_next_event(e, &ev))
		;
	if (e->worker.answers)
		answers_set_bell(e->worker.answers, NULL);
	worker_fini(&e->worker);
	free(e);
}

void engine_set_answers(struct engine *e, struct answers *answers)
{
	e->worker.answers = answers;
	if (answers)
		answers_set_bell(answers, &e->worker.mailbox.wake);
}

/* ---- ports */

int engine_open_ports(struct engine *e, const struct engine_port *ports,
		      unsigned n, const struct engine_gate *gate, int tun_fd,
		      struct error *err)
{
	struct worker *w = &e->worker;
	int rc;

	egress_open(&w->egress, tun_fd);
	rc = ports_open(&w->ports, ports, n, gate->xsks_fd, err);
	if (rc) {
		egress_close(&w->egress);
		return rc;
	}
	e->gate = *gate;
	express_open(w->express, gate);
	return 0;
}

void engine_close_ports(struct engine *e)
{
	struct worker *w = &e->worker;

	nat_bind_claimed(w->nat, NULL);
	nat_bind_local(w->nat, NULL, NULL);
	express_close(w->express);
	e->gate = (struct engine_gate){ 0 };
	ports_close(&w->ports);
	egress_close(&w->egress);
	/* It names ports by their place, which may be another's soon. */
	fdb_clear(w->fdb);
}

int engine_change_ports(struct engine *e, const struct engine_port *ports,
			unsigned n, struct error *err)
{
	struct worker *w = &e->worker;
	int rc = ports_change(&w->ports, ports, n, err);

	if (rc == -EAGAIN)
		return rc;
	for (unsigned i = 0; i < ENGINE_PORTS_MAX; i++)
		egress_set_running(&w->egress, i,
				   i < w->ports.n &&
					   w->ports.ports[i].info.ifindex);
	express_ports_changed(w->express);
	fdb_clear(w->fdb);
	return rc;
}

void engine_set_running(struct engine *e, uint32_t ifindex, bool running)
{
	struct worker *w = &e->worker;

	for (unsigned i = 0; i < w->ports.n; i++)
		if (w->ports.ports[i].info.ifindex == ifindex)
			egress_set_running(&w->egress, i, running);
	express_look_again(w->express);
}

void engine_set_lane(struct engine *e, uint32_t ifindex, unsigned abilities)
{
	struct worker *w = &e->worker;

	for (unsigned i = 0; i < w->ports.n; i++)
		if (w->ports.ports[i].info.ifindex == ifindex)
			express_set_abilities(w->express, i, abilities);
}

const char *engine_express(const struct engine *e, uint32_t ifindex,
			   const char **why)
{
	const struct ports *ps = &e->worker.ports;

	for (unsigned i = 0; i < ps->n; i++)
		if (ps->ports[i].info.ifindex == ifindex)
			return express_face_of(e->worker.express, i, why);
	return NULL;
}

const char *engine_carrier(const struct engine *e, uint32_t ifindex)
{
	const struct ports *ps = &e->worker.ports;

	/* A place without a port is none, and has the number 0. */
	for (unsigned i = 0; ifindex && i < ps->n; i++)
		if (ps->ports[i].info.ifindex == ifindex)
			return port_carrier(&ps->ports[i]);
	return NULL;
}

/* ---- the thread */

static int make_poll_set(struct worker *w)
{
	w->poll_set = calloc(1 + w->ports.lines_n, sizeof(*w->poll_set));
	if (!w->poll_set)
		return -ENOMEM;
	w->poll_set[0].fd = w->mailbox.wake.fd;
	w->poll_set[0].events = POLLIN;
	ports_poll_set(&w->ports, w->poll_set + 1);
	return 0;
}

/* Signals are the control thread's. */
static int make_thread(struct engine *e)
{
	sigset_t all, old;
	int rc;

	e->worker.urgency = (struct urgency){ 0 }; /* was another thread's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&e->thread, NULL, worker_run, &e->worker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!rc)
		pthread_setname_np(e->thread, "engine");
	return -rc;
}

int engine_start(struct engine *e)
{
	struct worker *w = &e->worker;
	int rc;

	/* In the engine's name, so that no picture goes before it looks. */
	if (!snapshot_load(&w->conf))
		return -EINVAL;
	nat_bind_claimed(w->nat, e->gate.claimed);
	nat_bind_local(w->nat, e->gate.local_open, e->gate.local_own);
	atomic_store(&w->stop, false);
	rc = make_poll_set(w);
	if (!rc)
		rc = make_thread(e);
	if (rc) {
		free(w->poll_set);
		w->poll_set = NULL;
		snapshot_leave(&w->conf);
		return rc;
	}
	e->running = true;
	return 0;
}

/* As far as they got, and the rest is copied at once. */
static void finish_captures(struct worker *w)
{
	struct capture_read *r = w->reads, *next;

	w->reads = NULL;
	w->reads_end = &w->reads;
	for (; r; r = next) {
		next = r->next;
		if (!r->copied)
			capture_copy(w->capture, r);
		capture_finish(r);
		r->done(r->arg, r);
	}
}

static void finish_dumps(struct worker *w)
{
	struct dump *d = w->dumps, *next;

	w->dumps = NULL;
	w->dumps_end = &w->dumps;
	for (; d; d = next) {
		next = d->next;
		dump_finish(d);
	}
}

void engine_stop(struct engine *e)
{
	struct worker *w = &e->worker;

	if (!e->running)
		return;
	atomic_store(&w->stop, true);
	bell_ring(&w->mailbox.wake);
	pthread_join(e->thread, NULL);
	e->running = false;
	snapshot_leave(&w->conf);
	free(w->poll_set);
	w->poll_set = NULL;
	if (!ports_whole(&w->ports))
		log_err("engine: frames were lost or given back twice");
	worker_end(w);
	finish_dumps(w);
	finish_captures(w);
}

int engine_publish(struct engine *e, const struct engine_conf *conf)
{
	struct worker *w = &e->worker;
	struct conf_picture *picture = malloc(sizeof(*picture));

	if (!picture)
		return -ENOMEM;
	picture->conf = *conf;
	picture->conf.generation = snapshot_next_generation(&w->conf);
	snapshot_publish(&w->conf, &picture->node);
	bell_ring(&w->mailbox.wake);
	return 0;
}

/* ---- commands and events */

bool engine_command(struct engine *e, const struct engine_command *c)
{
	struct mailbox *m = &e->worker.mailbox;

	return c->kind == CMD_ANSWER ? mailbox_remark(m, c)
				     : mailbox_command(m, c);
}

int engine_event_fd(const struct engine *e)
{
	return e->worker.mailbox.ready.fd;
}

static void captured(struct capture_read *r)
{
	capture_finish(r);
	r->done(r->arg, r);
}

bool engine_next_event(struct engine *e, struct engine_event *out)
{
	while (mailbox_next_event(&e->worker.mailbox, out)) {
		if (out->kind == EV_DUMPED)
			dump_finish(out->dump);
		else if (out->kind == EV_CAPTURED)
			captured(out->dump);
		else
			return true;
	}
	return false;
}

bool engine_next_report(struct engine *e, struct engine_report *out)
{
	return mailbox_next_report(&e->worker.mailbox, out);
}

bool engine_next_sample(struct engine *e, struct engine_sample *out)
{
	return mailbox_next_sample(&e->worker.mailbox, out);
}

void engine_more_reports(struct engine *e)
{
	bell_ring(&e->worker.mailbox.ready);
}

/* While the engine stands still there is nobody to ask: the tables are ours.
 * What it would do is not asked then. */
static bool dump_at_rest(struct worker *w, struct dump *d)
{
	const struct engine_event ev = { .kind = EV_DUMPED, .dump = d };

	while (!dump_step(d, w->nat, NULL, clock_ms()))
		;
	return mailbox_offer(&w->mailbox, &ev);
}

int engine_dump(struct engine *e, enum engine_table table,
		void (*done)(void *arg, const struct engine_rows *rows),
		void *arg)
{
	struct worker *w = &e->worker;
	struct engine_command c = { .kind = CMD_DUMP };
	uint32_t now = table == ENGINE_FLOWS ? w->sessions : w->mappings;
	/* Room for those that come while the copy is made. */
	struct dump *d = dump_new(table, now + now / 4 + 1024, done, arg);

	if (!d)
		return -ENOMEM;
	c.dump = d;
	if (e->running ? engine_command(e, &c) : dump_at_rest(w, d))
		return 0;
	dump_free(d);
	return -EBUSY;
}

/* ---- traffic */

bool engine_next_tick(struct engine *e, struct traffic_tick *out)
{
	struct ledger *l = e->worker.ledger;

	if (ledger_next(l, out))
		return true;
	return !e->running && ledger_close(l, clock_ms()) &&
	       ledger_next(l, out);
}

void engine_tick_done(struct engine *e)
{
	ledger_done(e->worker.ledger);
}

/* ---- packets as they pass */

void engine_watch(struct engine *e, bool on)
{
	summary_watch(e->worker.summary, on);
}

bool engine_next_packet(struct engine *e, struct packet_row *out)
{
	return summary_next(e->worker.summary, out);
}

uint64_t engine_packets_missed(struct engine *e)
{
	return summary_lost(e->worker.summary);
}

/* ---- the flight recorder */

static bool capture_at_rest(struct worker *w, struct capture_read *r)
{
	const struct engine_event ev = { .kind = EV_CAPTURED, .dump = r };

	capture_copy(w->capture, r);
	return mailbox_offer(&w->mailbox, &ev);
}

int engine_capture(struct engine *e, struct capture_read *r,
		   void (*done)(void *arg, struct capture_read *r), void *arg)
{
	const struct engine_command c = { .kind = CMD_CAPTURE, .dump = r };

	r->done = done;
	r->arg = arg;
	r->next = NULL;
	r->copied = false;
	if (e->running ? engine_command(e, &c) : capture_at_rest(&e->worker, r))
		return 0;
	return -EBUSY;
}

int engine_adopt_captures(struct engine *e, int fd)
{
	return capture_adopt(e->worker.capture, fd);
}

int engine_hand_on_captures(struct engine *e)
{
	return capture_hand_on(e->worker.capture);
}

void engine_captures(const struct engine *e, struct capture_totals *out)
{
	capture_totals(e->worker.capture, out);
}

/* ---- counters */

void engine_totals(const struct engine *e, struct engine_totals *out)
{
	const struct worker *w = &e->worker;

	stats_totals(w->stats, out);
	out->mappings = w->mappings;
	out->sessions = w->sessions;
	out->evicted = w->evicted;
	out->hold_yielded = w->hold_yielded;
	out->moved = w->moved;
	out->syn_used = w->syn_used;
	out->mappings_max = e->limits.mappings * GATE_BITS_PROTOS;
	out->sessions_max = e->limits.sessions;
	out->events_lost = w->mailbox.lost;
	out->reports_lost = w->mailbox.reports_lost;
	out->samples_lost = w->mailbox.samples_lost;
	out->promoted = express_live(w->express);
}

unsigned engine_devices(const struct engine *e, struct device_row *out,
			unsigned max)
{
	return stats_devices(e->worker.stats, out, max);
}

const char *engine_drop_reason(unsigned reason)
{
	return stats_drop_reason(reason);
}

/* The kernel itself counts frames for which our rings had no room and those
 * that a device threw away after we gave them; of both the bytes are unknown.
 */
unsigned engine_drops(const struct engine *e, struct drop_row *out,
		      unsigned max)
{
	unsigned n = stats_drops(e->worker.stats, out, max);
	uint64_t rx, tx;

	ports_lost(&e->worker.ports, &rx, &tx);
	if (n > DROP_RX_FULL)
		out[DROP_RX_FULL].packets += rx;
	if (n > DROP_TX_FULL)
		out[DROP_TX_FULL].packets += tx;
	return n;
}
