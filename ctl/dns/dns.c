/* dns.c - composition of the room: listeners, cache, names, upstreams.
 *
 * Called by gateway.c. Control thread. Everything that waits on the loop frees
 * itself when the loop ran, so that dns_stop() need not wait.
 * Invariant: conf is what is in force; a change that failed changed nothing. */
#include "dns.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/container_of.h"
#include "../base/log.h"
#include "../proto/dns_rdata.h"
#include "listeners.h"
#include "lists.h"
#include "probe.h"
#include "serve.h"
#include "tap.h"

struct dns {
	uv_loop_t *loop;
	struct dns_conf conf;
	struct tally tally;
	struct resolver resolver;
	struct probe *probe;
	struct serve serve;
	struct filter filter;
	struct rebind rebind;
	struct lists *lists;
	struct listeners listeners;
	struct answers *answers; /* lent; NULL: none */
};

static void on_message(void *arg, const struct asker *from, const uint8_t *msg,
		       size_t len)
{
	struct dns *d = arg;

	serve_message(&d->serve, from, msg, len);
}

static void on_gone(void *arg, const void *via)
{
	struct dns *d = arg;

	forward_forget(d->serve.forward, via);
}

static bool is_served(void *arg, const struct addr *addr)
{
	const struct dns *d = arg;
	unsigned i;

	for (i = 0; i < d->conf.listen_n; i++)
		if (prefix_has(&d->conf.clients[i], addr))
			return true;
	return false;
}

static bool send_back(void *arg, const struct asker *a, const struct addr *at,
		      const uint8_t *msg, size_t len)
{
	struct dns *d = arg;

	if (!d->serve.tap || !tap_reply(d->serve.tap, a, at, msg, len))
		return false;
	d->tally.stats.framed++;
	return true;
}

static void on_retired(struct resolver *r)
{
	probe_wake(container_of(r, struct dns, resolver)->probe);
}

/* ---- the data path */

/* Whoever asks is told by what is so now. */
static void forget_posted(struct dns *d)
{
	if (d->serve.tap)
		tap_clear(d->serve.tap);
}

/* ---- lists */

static void on_lists(void *arg, struct nameset *block, struct nameset *allow)
{
	struct dns *d = arg;

	nameset_free(d->filter.block);
	nameset_free(d->filter.allow);
	d->filter.block = block;
	d->filter.allow = allow;
	forget_posted(d);
}

static void on_host(const struct asker *a, const uint8_t *msg, size_t len)
{
	struct dns_kept k = { .msg = msg, .len = len };
	struct dns *d = a->via;
	struct addr addr;

	lists_found(d->lists, len && dns_answer_addr(&k, &addr) ? &addr : NULL);
}

/* Asks this server, as a device would; from nobody's address. */
static void find_host(void *arg, const char *host)
{
	struct dns *d = arg;
	struct asker self = { .via = d, .send = on_host, .by_tcp = true };
	struct dns_question q = { .type = DNS_A, .class = DNS_IN };
	struct dns_header h = { .flags = DNS_RD, .qd = 1 };
	uint8_t msg[DNS_QUERY_MAX];
	struct wr w = wr_init(msg, sizeof(msg));

	if (!dns_name_from_text(&q.name, host)) {
		lists_found(d->lists, NULL);
		return;
	}
	dns_header_write(&w, &h);
	dns_question_write(&w, &q);
	serve_message(&d->serve, &self, msg, wr_len(&w));
}

static bool is_home(void *arg, const struct addr *addr)
{
	return dns_addr_private(*addr) || is_served(arg, addr) ||
	       addr_eq(addr, &((const struct dns *)arg)->conf.wan.addr);
}

static void on_questions(void *arg, const struct answers_question *q,
			 unsigned n)
{
	struct dns *d = arg;

	listeners_take(&d->listeners, q, n);
}

/* To ask ourselves would go round in circles: resolv.conf may well name us. */
static void set_upstreams(struct dns *d, const struct dns_conf *conf)
{
	struct nameserver at[DNS_UPSTREAMS_MAX];
	char buf[NAMESERVER_STRLEN];
	unsigned i, n = 0;

	for (i = 0; i < conf->upstreams_n; i++) {
		const struct nameserver *u = &conf->upstreams[i];

		if (listeners_has(&d->listeners, &u->at.addr))
			log_warn("dns: upstream %s is this server, left out",
				 nameserver_format(u, buf));
		else
			at[n++] = *u;
	}
	upstreams_set(&d->resolver.upstreams, at, n);
}

static int read_domain(const struct dns_conf *conf, struct dns_name *out,
		       struct error *err)
{
	if (dns_name_from_text(out, conf->domain) && dns_name_labels(out))
		return 0;
	return error_set(err, -EINVAL,
			 "dns: domain \"%s\" is no name: give one such as lan",
			 conf->domain);
}

/* The names that the owner wrote, each with all below it; NULL: none. */
static struct nameset *own_names(const struct settings_domain *from, unsigned n)
{
	struct nameset *set = n ? nameset_new() : NULL;
	struct dns_name name;
	unsigned i;

	for (i = 0; set && i < n; i++)
		if (dns_name_from_text(&name, from[i].name))
			nameset_add(set, &name, true, FILTER_OWN);
	return set;
}

static void set_filter(struct dns *d, const struct dns_conf *conf)
{
	struct filter *f = &d->filter;

	nameset_free(f->own_allow);
	nameset_free(f->own_block);
	f->own_allow = own_names(conf->allow, conf->allow_n);
	f->own_block = own_names(conf->block, conf->block_n);
	f->style = conf->blocked_nxdomain ? FILTER_NXDOMAIN : FILTER_ZERO;
	f->unfiltered_n = conf->unfiltered_n;
	memcpy(f->unfiltered, conf->unfiltered, sizeof(f->unfiltered));
	lists_set(d->lists, conf->lists, conf->lists_n, conf->lists_dir);
}

/* 'd' still has the exceptions that were in force. */
static bool same_exceptions(const struct dns *d, const struct dns_conf *conf)
{
	return d->conf.rebind_allow_n == conf->rebind_allow_n &&
	       !memcmp(d->conf.rebind_allow, conf->rebind_allow,
		       sizeof(conf->rebind_allow));
}

/* The network at the WAN is another, and private. While there is none the last
 * one is believed. */
static bool moves_to(const struct rebind *r, const struct prefix *wan)
{
	return wan->len && dns_addr_private(wan->addr) &&
	       (wan->len != r->wan.len || !addr_eq(&wan->addr, &r->wan.addr));
}

static void set_rebind(struct dns *d, const struct dns_conf *conf)
{
	struct rebind *r = &d->rebind;
	struct prefix wan = prefix_network(&conf->wan);

	/* What is refused from now on is not to come from the cache. */
	if (!same_exceptions(d, conf) || moves_to(r, &wan))
		cache_set_limit(d->serve.cache, 0);
	nameset_free(r->excepted);
	r->excepted = own_names(conf->rebind_allow, conf->rebind_allow_n);
	if (wan.len)
		r->wan = wan;
	r->homes_n = conf->listen_n;
	memcpy(r->homes, conf->clients, sizeof(r->homes));
}

int dns_configure(struct dns *d, const struct dns_conf *conf, struct error *err)
{
	struct dns_name domain;
	int code = read_domain(conf, &domain, err);

	if (!code)
		code = listeners_set(&d->listeners, conf->listen,
				     conf->listen_n, err);
	if (code)
		return code;
	set_rebind(d, conf);
	d->conf = *conf;
	set_upstreams(d, conf);
	set_filter(d, conf);
	local_set_domain(d->serve.local, &domain);
	cache_set_limit(d->serve.cache, conf->cache_bytes);
	forward_set_rate(d->serve.forward, conf->client_rate);
	querylog_turn(d->serve.log, conf->log);
	forget_posted(d);
	return 0;
}

/* What has no handle on the loop, and what it refers to. */
static void free_parts(struct dns *d)
{
	resolve_stop_all(&d->resolver);
	if (d->serve.forward)
		forward_free(d->serve.forward);
	dots_free(d->resolver.way.dots);
	if (d->lists)
		lists_free(d->lists);
	nameset_free(d->rebind.excepted);
	filter_fini(&d->filter);
	querylog_free(d->serve.log);
	local_free(d->serve.local);
	cache_free(d->serve.cache);
	free(d);
}

static int make_parts(struct dns *d, const struct dns_name *domain,
		      size_t cache_bytes)
{
	struct lists_events events = { d, on_lists, find_host, is_home };
	struct serve *s = &d->serve;
	struct dots *dots = dots_new(d->loop);

	tally_init(&d->tally);
	teller_init(&s->teller);
	d->resolver.way = (struct query_way){ d->loop, &d->tally, dots };
	d->resolver.on_retired = on_retired;
	s->tally = &d->tally;
	s->filter = &d->filter;
	s->local = local_new(domain);
	s->cache = cache_new(cache_bytes);
	s->log = querylog_new(QUERYLOG_BYTES);
	d->lists = lists_new(d->loop, &events);
	if (!dots || !s->local || !s->cache || !s->log || !d->lists ||
	    filter_init(&d->filter))
		return -ENOMEM;
	s->forward = forward_new(&d->resolver, s->cache, &d->filter, &d->rebind,
				 &d->tally);
	return s->forward ? 0 : -ENOMEM;
}

static int open_tap(struct dns *d, struct answers *answers)
{
	struct tap_events events = { d, on_questions };

	d->answers = answers;
	if (!answers)
		return 0;
	return tap_open(&d->serve.tap, d->loop, answers, &d->filter,
			d->serve.log, &d->serve.teller, &events);
}

static int start_probe(struct dns *d)
{
	int code = probe_start(&d->probe, &d->resolver);

	if (code && d->serve.tap)
		tap_close(d->serve.tap);
	return code;
}

int dns_start(struct dns **out, uv_loop_t *loop, const struct dns_conf *conf,
	      struct answers *answers, struct error *err)
{
	struct dns_name domain;
	struct dns *d;
	int code = read_domain(conf, &domain, err);

	if (code)
		return code;
	d = calloc(1, sizeof(*d));
	if (!d)
		return error_set(err, -ENOMEM, "dns: no memory");
	d->loop = loop;
	d->listeners = (struct listeners){
		.loop = loop,
		.tally = &d->tally,
		.events = { d, on_message, on_gone, is_served, send_back },
	};
	code = make_parts(d, &domain, conf->cache_bytes);
	if (!code)
		code = open_tap(d, answers);
	if (!code)
		code = start_probe(d);
	if (code) {
		free_parts(d);
		return error_set(err, code, "dns: no memory");
	}
	code = dns_configure(d, conf, err);
	if (code)
		dns_stop(d);
	else
		*out = d;
	return code;
}

void dns_stop(struct dns *d)
{
	if (d->serve.tap)
		tap_close(d->serve.tap);
	listeners_close(&d->listeners);
	probe_stop(d->probe);
	free_parts(d);
}

void dns_hear(struct dns *d, dns_hearer *hear, void *arg)
{
	d->serve.teller.hear = hear;
	d->serve.teller.arg = arg;
}

int dns_name_set(struct dns *d, const char *name, const struct addr *addr)
{
	forget_posted(d);
	return local_set(d->serve.local, name, addr);
}

void dns_name_del(struct dns *d, const char *name)
{
	forget_posted(d);
	local_del(d->serve.local, name);
}

void dns_stats(const struct dns *d, struct dns_stats *out)
{
	struct answers_counts on_path = { 0 };

	if (d->answers)
		answers_counts(d->answers, &on_path);
	*out = d->tally.stats;
	out->queries += on_path.hits;
	out->hits += on_path.hits;
	out->tapped = on_path.hits;
	out->log_lost = on_path.hits_lost;
	if (d->serve.tap)
		out->log_lost += tap_lost(d->serve.tap);
	out->cache_bytes = cache_bytes(d->serve.cache);
	out->cache_entries = cache_entries(d->serve.cache);
}

unsigned dns_drops(const struct dns *d, struct drop_row *out, unsigned max)
{
	unsigned n = max < TALLY_REASONS ? max : TALLY_REASONS;

	struct answers_counts on_path;

	memcpy(out, d->tally.drops, n * sizeof(*out));
	if (d->answers && n > TALLY_TAP) {
		answers_counts(d->answers, &on_path);
		out[TALLY_TAP].packets = on_path.questions_lost;
	}
	return n;
}

unsigned dns_lists(const struct dns *d, struct dns_list_row out[DNS_LISTS_MAX])
{
	return lists_rows(d->lists, out);
}

unsigned dns_upstreams(const struct dns *d,
		       struct dns_upstream_row out[DNS_UPSTREAMS_MAX])
{
	const struct upstreams *s = &d->resolver.upstreams;
	unsigned i;

	for (i = 0; i < s->n; i++)
		out[i] = (struct dns_upstream_row){
			.at = s->u[i].at,
			.retired = s->u[i].retired,
			.measured = s->u[i].measured,
			.rtt_ms = s->u[i].srtt_ms8 / 8,
		};
	return s->n;
}

struct telling {
	const struct dns *d;
	void (*each)(void *arg, const struct dns_log_row *row);
	void *arg;
};

static void tell_row(void *arg, const struct query_row *row)
{
	const struct telling *t = arg;
	char name[DNS_NAME_STRLEN];
	struct dns_log_row out = {
		.at_ms = row->at_ms,
		.took_us = row->took_us,
		.device = row->device,
		.answer = row->answer,
		.type = row->type,
		.rcode = row->rcode,
		.name = dns_name_format(&row->name, name),
		.why = query_why_names[row->why],
		.list = lists_name(t->d->lists, row->list),
	};

	t->each(t->arg, &out);
}

void dns_log(const struct dns *d,
	     void (*each)(void *arg, const struct dns_log_row *row), void *arg)
{
	struct telling t = { d, each, arg };

	if (d->serve.tap)
		tap_settle(d->serve.tap);

	querylog_walk(d->serve.log, clock_wall_ms(), tell_row, &t);
}
