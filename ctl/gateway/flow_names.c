/* flow_names.c - gives flows the names they are opened under: what DNS told the
 * device, ours or a resolver of its own, and what the device itself says to the
 * server.
 * Called by DNS and from events.c. Control thread.
 *
 * The server name of a hello is of this very connection and goes before the
 * DNS answer, which is of an address that many names may share. But where
 * Encrypted ClientHello may hide the true name behind another's, it goes before
 * only if the device asked DNS for just that name.
 *
 * Names stand beside the NAT's tables in a file of their own, so that flows
 * that are adopted from an earlier run keep theirs. */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/log.h"
#include "../proto/dns_addrs.h"
#include "gateway_priv.h"

static void keep_names(struct gateway *g)
{
	int rc = names_keep(g->names, g->instance.names);

	if (rc)
		log_warn("names: %s: %s; flows will not keep their names when "
			 "the gateway starts anew",
			 g->instance.names, strerror(-rc));
}

int flow_names_open(struct gateway *g)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/country.mmdb", g->options->state_dir);
	g->names = names_new(NAMES_MAX);
	g->told = told_new();
	g->hellos = hellos_new();
	g->rtts = rtts_new();
	g->countries = countries_new(path);
	if (g->names)
		keep_names(g);
	if (g->names && g->told && g->hellos && g->rtts && g->countries)
		return 0;
	return -ENOMEM;
}

void flow_names_close(struct gateway *g)
{
	countries_free(g->countries);
	rtts_free(g->rtts);
	hellos_free(g->hellos);
	told_free(g->told);
	names_free(g->names);
}

/* ---- DNS */

/* Who is at 'host', and what it has sessions by there: where it was told by
 * IPv6 what is at an IPv4 address, those are its IPv4 address's, if that still
 * is its own. */
static void say_who(const struct gateway *g, const struct addr *host,
		    struct engine_command *c)
{
	const struct device *row =
		g->devices ? devices_at(g->devices, host) : NULL;

	c->device = *host;
	if (!row)
		return;
	c->mac = row->mac;
	if (addr_is_v4(&c->addr) && !addr_is_v4(host) &&
	    devices_at(g->devices, &row->addrs[0].addr) == row)
		c->device = row->addrs[0].addr;
}

static uint32_t name_of(struct gateway *g, const char *text)
{
	char clean[HOST_NAME_SIZE];

	if (!host_name_clean(text, strlen(text), clean))
		return 0;
	return names_id(g->names, clean, strlen(clean));
}

/* 'since_ms': when that went by us, 0: it is yet to. */
static void learn(struct gateway *g, const struct dns_told *told,
		  uint64_t since_ms)
{
	struct engine_command c = { .kind = CMD_ANSWER,
				    .addr = told->at,
				    .ttl_s = told->ttl_s,
				    .since_ms = since_ms };

	c.label = name_of(g, told->name);
	say_who(g, &told->device, &c);
	if (!c.label || !g->engine_runs)
		return;
	/* A full ring loses it, until it is told again; the hello may tell. */
	if (told_note(g->told, &c.mac, &c.device, c.label, &c.addr,
		      clock_ms()) &&
	    !engine_command(g->engine, &c))
		told_lost(g->told, &c.mac, &c.device, &c.addr);
}

void flow_names_on_told(void *arg, const struct dns_told *told)
{
	learn(arg, told, 0);
}

/* A resolver of the device's own choice told it that. */
static void take_answer(struct gateway *g, const struct engine_sample *s)
{
	struct dns_told told = { .device = s->device };
	char name[DNS_NAME_STRLEN];
	struct dns_addrs a;

	if (s->cut || !dns_addrs_read(s->data, s->len, &a))
		return;
	told.name = dns_name_format(&a.name, name);
	told.ttl_s = a.ttl_s;
	for (unsigned n = 0; n < a.n; n++) {
		told.at = a.at[n];
		learn(g, &told, s->at_ms);
	}
}

/* ---- hellos */

static void label(struct gateway *g, const struct engine_sample *s,
		  const struct tls_hello *hello)
{
	struct engine_command c = { .kind = CMD_LABEL,
				    .session = s->session,
				    .serial = s->serial };

	c.label = name_of(g, hello->name);
	c.weak = hello->ech &&
		 !told_knows(g->told, &s->mac, &s->device, c.label);
	if (c.label)
		(void)engine_command(g->engine, &c);
}

static void take_hello(struct gateway *g, const struct engine_sample *s)
{
	const struct hello_packet p = { .session = s->session,
					.serial = s->serial,
					.mac = s->mac,
					.quic = s->proto == IPPROTO_UDP,
					.cut = s->cut,
					.seq = s->seq,
					.data = s->data,
					.len = s->len };
	struct tls_hello hello;

	if (hellos_take(g->hellos, &p, &hello))
		label(g, s, &hello);
}

/* In their order: a name in a hello may have been asked for just before. */
void flow_names_take(struct gateway *g)
{
	static struct engine_sample s;

	while (engine_next_sample(g->engine, &s)) {
		if (s.answer)
			take_answer(g, &s);
		else
			take_hello(g, &s);
	}
}
