/* analysis.c - feeds the detectors, and says what they found.
 *
 * Called by the gateway (gateway/look.c). Control thread. */
#include "analysis.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "country.h"
#include "dns_own.h"
#include "dns_silent.h"
#include "event_link.h"
#include "hours.h"
#include "line.h"
#include "newcomer.h"
#include "scan_internet.h"
#include "scan_lan.h"
#include "upload.h"

#define MINUTE_MS 60000ull
#define DAY_MS	  (1440 * MINUTE_MS)
#define WHILE_MS  (2 * MINUTE_MS) /* that what is seen within one lasts */

struct analysis {
	struct analysis_house house;
	struct events *events;
	struct habits *habits;
	struct evidence *evidence;
	struct scan_lan scan_lan;
	struct scan_internet scan_tcp, scan_udp;
	struct dns_silent dns_silent;
	struct dns_own dns_own;
	struct line line;
	struct addr line_to;
};

/* ---- sentences */

static const struct mac nobody;

/* Puts the name of its device into a new event. */
static struct event event_of(struct analysis *a, enum event_kind kind,
			     const struct mac *mac)
{
	struct event e = { .kind = kind, .mac = *mac };

	if (mac_is_zero(mac))
		return e;
	a->house.name(a->house.arg, mac, e.name);
	event_link_device(&e);
	return e;
}

/* Longer than fits is cut; names are cut before they get here. */
__attribute__((format(printf, 4, 5))) static void
say(struct analysis *a, struct event *e, uint64_t now_ms, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	a->house.happened(a->house.arg, events_add(a->events, e, now_ms));
}

/* ---- devices */

/* How many events of a kind the last day had: of devices that said that their
 * addresses are made up, or of others and of none. */
static unsigned of_day(const struct analysis *a, enum event_kind kind,
		       bool made_up, uint64_t now_ms)
{
	unsigned n = 0;

	for (unsigned i = 0; i < events_count(a->events); i++) {
		const struct event *e = events_at(a->events, i);

		n += e->kind == kind && mac_is_random(&e->mac) == made_up &&
		     e->at_ms <= now_ms && e->at_ms + DAY_MS > now_ms;
	}
	return n;
}

static struct event crowd_event(struct analysis *a, const struct mac *mac,
				char name[EVENT_NAME_SIZE])
{
	struct event e = event_of(a, EVENT_NEW_CROWD, &nobody);

	a->house.name(a->house.arg, mac, name);
	event_link_view(&e, "overview");
	return e;
}

/* One sentence for all that come after. */
static void say_made_up(struct analysis *a, const struct mac *mac,
			uint64_t now_ms)
{
	char name[EVENT_NAME_SIZE];
	struct event e;

	if (!events_wanted(a->events, EVENT_NEW_CROWD, &nobody, now_ms))
		return;
	e = crowd_event(a, mac, name);
	say(a, &e, now_ms,
	    "More than %d devices with made-up addresses came within a day, "
	    "%s among them: it may be one that changes its own.",
	    NEWCOMER_MADE_UP, name);
}

/* Asked every second of each that waits: they are not counted. */
static void say_many(struct analysis *a, const struct mac *mac, uint64_t now_ms)
{
	char name[EVENT_NAME_SIZE];
	struct event e;

	if (of_day(a, EVENT_NEW_CROWD, false, now_ms) ||
	    !events_wanted(a->events, EVENT_NEW_CROWD, &nobody, now_ms))
		return;
	e = crowd_event(a, mac, name);
	say(a, &e, now_ms,
	    "More than %d new devices came within a day, %s among them; who "
	    "stays for an hour is told of by name.",
	    NEWCOMER_AT_ONCE, name);
}

static void say_new(struct analysis *a, const struct mac *mac,
		    const char *before, uint64_t now_ms)
{
	struct event e;

	if (!events_wanted(a->events, EVENT_NEW_DEVICE, mac, now_ms))
		return;
	e = event_of(a, EVENT_NEW_DEVICE, mac);
	if (before)
		say(a, &e, now_ms,
		    "%s is new at home; it may be %s under another hardware "
		    "address.",
		    e.name, before);
	else
		say(a, &e, now_ms, "%s is new at home.", e.name);
}

bool analysis_device(struct analysis *a, const struct mac *mac,
		     uint64_t began_ms, uint64_t first_ms, uint64_t last_ms,
		     const char *before, uint64_t now_ms)
{
	enum newcomer judged =
		newcomer_judge(began_ms, first_ms, last_ms, now_ms);
	bool made_up = mac_is_random(mac);
	unsigned named;

	if (judged == NEWCOMER_OF_HOME || judged == NEWCOMER_WAIT)
		return judged == NEWCOMER_OF_HOME;
	named = of_day(a, EVENT_NEW_DEVICE, made_up, now_ms);
	if (made_up && named >= NEWCOMER_MADE_UP) {
		say_made_up(a, mac, now_ms);
		return true;
	}
	if (judged != NEWCOMER_STAYED && !made_up &&
	    named >= NEWCOMER_AT_ONCE) {
		say_many(a, mac, now_ms);
		return false;
	}
	say_new(a, mac, before, now_ms);
	return true;
}

static void say_hour(struct analysis *a, const struct mac *mac,
		     struct habit_time t)
{
	struct event e;

	if (!events_wanted(a->events, EVENT_NEW_HOUR, mac, t.now_ms))
		return;
	e = event_of(a, EVENT_NEW_HOUR, mac);
	event_link_traffic(&e, NULL, 60 * MINUTE_MS, t.now_ms);
	say(a, &e, t.now_ms,
	    "%s is active after %02u:00, as on none of the last %d days.",
	    e.name, t.hour, HABIT_DAYS);
}

static void say_upload(struct analysis *a, const struct mac *mac,
		       uint64_t bytes, uint64_t now_ms)
{
	struct event e;

	if (!events_wanted(a->events, EVENT_UPLOAD, mac, now_ms))
		return;
	e = event_of(a, EVENT_UPLOAD, mac);
	event_link_traffic(&e, NULL, 10 * MINUTE_MS, now_ms);
	say(a, &e, now_ms,
	    "%s sent %llu MB within ten minutes, far more than it usually "
	    "does.",
	    e.name, (unsigned long long)(bytes / 1000000));
}

/* What was moved since; an engine that began anew begins at nothing. */
static uint64_t since(uint64_t *last, uint64_t total)
{
	uint64_t more = total >= *last ? total - *last : total;

	*last = total;
	return more;
}

void analysis_moved(struct analysis *a, const struct mac *mac,
		    uint64_t rx_bytes, uint64_t tx_bytes, struct habit_time t)
{
	struct habit *h = habits_of(a->habits, mac, t.now_ms);
	uint64_t rx = since(&h->rx_total, rx_bytes);
	uint64_t tx = since(&h->tx_total, tx_bytes), sudden;
	bool first = !h->told;

	h->told = true;
	/* What it moved before we looked belongs to no hour. */
	if (first || (!rx && !tx))
		return;
	sudden = upload_is_sudden(h, tx, t.now_ms);
	if (hours_is_new(h, rx + tx, t))
		say_hour(a, mac, t);
	if (sudden)
		say_upload(a, mac, sudden, t.now_ms);
}

void analysis_asked(struct analysis *a, const struct mac *mac, __be32 target,
		    uint64_t now_ms)
{
	const struct scan_lan_asker *seen =
		scan_lan_asked(&a->scan_lan, mac, target, now_ms);
	struct event e;

	if (!seen)
		return;
	evidence_scan(a->evidence, seen, now_ms);
	if (seen->n != SCAN_LAN_TARGETS ||
	    !events_wanted(a->events, EVENT_SCAN_LAN, mac, now_ms))
		return;
	e = event_of(a, EVENT_SCAN_LAN, mac);
	say(a, &e, now_ms,
	    "%s goes through the home network: it asked for %u addresses "
	    "within a minute.",
	    e.name, seen->n);
}

/* ---- connections */

/* What a server is called was chosen by strangers. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

static void say_country(struct analysis *a, const struct mac *mac,
			const struct endpoint *remote, const char *iso,
			const char *name, uint64_t now_ms)
{
	char text[ADDR_STRLEN];
	struct event e;

	if (!events_wanted(a->events, EVENT_NEW_COUNTRY, mac, now_ms))
		return;
	e = event_of(a, EVENT_NEW_COUNTRY, mac);
	event_link_traffic(&e, &remote->addr, WHILE_MS, now_ms);
	say(a, &e, now_ms,
	    "%s speaks with the country %s for the first time: with %.100s.",
	    e.name, iso,
	    name && is_plain(name) ? name : addr_format(&remote->addr, text));
}

void analysis_opened(struct analysis *a, const struct mac *mac, uint8_t proto,
		     const struct endpoint *remote, const char *iso,
		     const char *name, uint64_t now_ms)
{
	if (proto == IPPROTO_TCP)
		scan_internet_opened(&a->scan_tcp, mac, remote, now_ms);
	if (proto == IPPROTO_UDP && ntohs(remote->port) == DNS_OWN_PORT)
		dns_own_asked(&a->dns_own, mac, &remote->addr, now_ms);
	else if (proto == IPPROTO_UDP)
		scan_internet_opened(&a->scan_udp, mac, remote, now_ms);
	if (iso &&
	    country_is_new(habits_of(a->habits, mac, now_ms), iso, now_ms))
		say_country(a, mac, remote, iso, name, now_ms);
}

void analysis_answered(struct analysis *a, const struct mac *mac, uint8_t proto,
		       const struct endpoint *remote, uint64_t now_ms)
{
	if (proto == IPPROTO_TCP)
		scan_internet_answered(&a->scan_tcp, mac, remote);
	else if (ntohs(remote->port) == DNS_OWN_PORT)
		dns_own_answered(&a->dns_own, mac, &remote->addr, now_ms);
	else
		scan_internet_answered(&a->scan_udp, mac, remote);
}

static void say_scan(struct analysis *a, const struct scan_found *f,
		     const char *proto, uint64_t now_ms)
{
	char text[ADDR_STRLEN];
	struct event e;

	if (!events_wanted(a->events, EVENT_SCAN_INTERNET, &f->mac, now_ms))
		return;
	e = event_of(a, EVENT_SCAN_INTERNET, &f->mac);
	event_link_traffic(&e, f->hosts > 1 ? NULL : &f->one.addr, WHILE_MS,
			   now_ms);
	if (f->hosts > 1)
		say(a, &e, now_ms,
		    "%s knocks at %s port %u of %u machines on the internet "
		    "that do not let it in.",
		    e.name, proto, ntohs(f->one.port), f->hosts);
	else
		say(a, &e, now_ms,
		    "%s knocks at %u %s ports of %s on the internet that do "
		    "not let it in.",
		    e.name, f->ports, proto, addr_format(&f->one.addr, text));
}

static void say_own(struct analysis *a, const struct dns_own_pair *p,
		    uint64_t now_ms)
{
	char text[ADDR_STRLEN];
	struct event e;

	if (!events_wanted(a->events, EVENT_DNS_OWN, &p->mac, now_ms))
		return;
	e = event_of(a, EVENT_DNS_OWN, &p->mac);
	event_link_traffic(&e, &p->to, WHILE_MS, now_ms);
	say(a, &e, now_ms,
	    "%s asks %s for names, not this gateway, and gets no answer.",
	    e.name, addr_format(&p->to, text));
}

void analysis_tick(struct analysis *a, uint64_t now_ms)
{
	const struct dns_own_pair *own;
	struct scan_found found;

	while (scan_internet_look(&a->scan_tcp, SCAN_TCP, now_ms, &found))
		say_scan(a, &found, "TCP", now_ms);
	while (scan_internet_look(&a->scan_udp, SCAN_UDP, now_ms, &found))
		say_scan(a, &found, "UDP", now_ms);
	while ((own = dns_own_look(&a->dns_own)))
		say_own(a, own, now_ms);
}

/* ---- services and the line */

void analysis_dns(struct analysis *a, bool nobody_answers, uint64_t failed,
		  uint64_t now_ms)
{
	struct event e;

	if (!dns_silent_step(&a->dns_silent, nobody_answers, failed, now_ms) ||
	    !events_wanted(a->events, EVENT_DNS_SILENT, &nobody, now_ms))
		return;
	e = event_of(a, EVENT_DNS_SILENT, &nobody);
	event_link_view(&e, "names?why=failed");
	say(a, &e, now_ms,
	    "No resolver answers: names of the internet cannot be found.");
}

static void say_line(struct analysis *a, enum line_news news, uint64_t now_ms)
{
	enum event_kind kind =
		news == LINE_LOSES ? EVENT_WAN_LOSS : EVENT_WAN_LATENCY;
	char text[ADDR_STRLEN];
	struct event e;

	if (!events_wanted(a->events, kind, &nobody, now_ms))
		return;
	e = event_of(a, kind, &nobody);
	event_link_line(&e, now_ms);
	addr_format(&a->line_to, text);
	if (news == LINE_LOSES)
		say(a, &e, now_ms,
		    "The line loses packets: %s, the provider's gateway, left "
		    "%d of the last %d pings unanswered.",
		    text, line_lost(&a->line), LINE_PINGS);
	else
		say(a, &e, now_ms,
		    "The line is slow: %s, the provider's gateway, takes %u ms "
		    "to answer instead of %u.",
		    text, line_latency_us(&a->line) / 1000,
		    a->line.usual_us / 1000);
}

void analysis_ping(struct analysis *a, const struct addr *gateway, uint32_t us,
		   uint64_t now_ms)
{
	enum line_news news;

	if (!addr_eq(&a->line_to, gateway))
		line_reset(&a->line);
	a->line_to = *gateway;
	news = line_step(&a->line, us);
	if (line_speaks(&a->line))
		evidence_ping(a->evidence, us, now_ms);
	if (news != LINE_NOTHING)
		say_line(a, news, now_ms);
}

void analysis_rival(struct analysis *a, const struct addr *server,
		    uint64_t now_ms)
{
	char text[ADDR_STRLEN];
	struct event e;

	if (!events_wanted(a->events, EVENT_DHCP_RIVAL, &nobody, now_ms))
		return;
	e = event_of(a, EVENT_DHCP_RIVAL, &nobody);
	event_link_diary(&e);
	say(a, &e, now_ms,
	    "Another DHCP server, %s, is in the home network; new devices are "
	    "left to it.",
	    addr_format(server, text));
}

void analysis_conflict(struct analysis *a, const struct addr *ip,
		       const struct mac *mac, const struct mac *other,
		       uint64_t now_ms)
{
	char text[ADDR_STRLEN], name[EVENT_NAME_SIZE];
	struct event e;

	if (!events_wanted(a->events, EVENT_ADDRESS_CONFLICT, other, now_ms))
		return;
	e = event_of(a, EVENT_ADDRESS_CONFLICT, other);
	event_link_diary(&e);
	addr_format(ip, text);
	if (mac_is_zero(mac)) {
		say(a, &e, now_ms, "%s uses %s, which it did not get here.",
		    e.name, text);
		return;
	}
	a->house.name(a->house.arg, mac, name);
	say(a, &e, now_ms, "%s and %s both use the address %s.", name, e.name,
	    text);
}

double analysis_loss(const struct analysis *a)
{
	return line_loss(&a->line);
}

uint32_t analysis_latency_us(const struct analysis *a)
{
	return line_latency_us(&a->line);
}

/* ---- life */

struct analysis *analysis_new(const struct analysis_house *house)
{
	struct analysis *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->house = *house;
	a->events = events_new();
	a->habits = habits_new();
	a->evidence = evidence_new();
	if (a->events && a->habits && a->evidence)
		return a;
	analysis_free(a);
	return NULL;
}

void analysis_free(struct analysis *a)
{
	if (!a)
		return;
	events_free(a->events);
	habits_free(a->habits);
	evidence_free(a->evidence);
	free(a);
}

struct events *analysis_events(struct analysis *a)
{
	return a->events;
}

struct habits *analysis_habits(struct analysis *a)
{
	return a->habits;
}

struct evidence *analysis_evidence(struct analysis *a)
{
	return a->evidence;
}
