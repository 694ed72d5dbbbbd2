/* dns.h - the caching forwarder that serves the LAN.
 *
 * Ours: codec (proto/dns_msg.h), cache, forwarder. Listens on UDP and TCP port
 * 53 of the LAN address; answers for local names itself; forwards the rest.
 * Control thread's loop. */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "../base/addr.h"
#include "../base/drop.h"
#include "../base/error.h"
#include "../base/nameserver.h"
#include "../state/settings.h"

#define DNS_UPSTREAMS_MAX  8
#define DNS_LISTEN_MAX	   4
#define DNS_DROPS_MAX	   13
#define DNS_LISTS_MAX	   16
#define DNS_UNFILTERED_MAX 64

struct dns_conf {
	unsigned listen_n;
	struct addr listen[DNS_LISTEN_MAX];    /* LAN addresses */
	struct prefix clients[DNS_LISTEN_MAX]; /* who is served: the LAN nets */
	struct prefix wan; /* the own address and its network; length 0: none */
	unsigned upstreams_n;
	struct nameserver upstreams[DNS_UPSTREAMS_MAX];
	char domain[64];      /* "lan": NAME.lan is ours */
	uint32_t cache_bytes; /* 32 MiB */
	uint32_t client_rate; /* questions a second that one may send on */
	bool log;
	char lists_dir[256]; /* where fetched lists are kept */
	/* What may be reached; names stand for all below them as well. */
	bool blocked_nxdomain; /* else 0.0.0.0 and :: */
	unsigned lists_n, allow_n, block_n, rebind_allow_n, unfiltered_n;
	struct settings_source lists[DNS_LISTS_MAX];
	struct settings_domain allow[SETTINGS_LIST_MAX];
	struct settings_domain block[SETTINGS_LIST_MAX];
	struct settings_domain rebind_allow[SETTINGS_LIST_MAX];
	struct addr unfiltered[DNS_UNFILTERED_MAX];
};

struct dns;
struct answers;

/* 'answers' (NULL: none) is what is shared with the data path, and lent. Port
 * 53 in use: -EADDRINUSE. */
int dns_start(struct dns **out, uv_loop_t *loop, const struct dns_conf *conf,
	      struct answers *answers, struct error *err);
/* Listeners and upstreams change without losing the cache. */
int dns_configure(struct dns *d, const struct dns_conf *conf,
		  struct error *err);
/* Takes effect at once; what the loop holds is freed when it has run. */
void dns_stop(struct dns *d);

/* A device was told that 'at' is one of the addresses of 'name', which it asked
 * for: lower case, without the last dot, escaped as dns_name_format() does. */
struct dns_told {
	struct addr device, at;
	const char *name;
	uint32_t ttl_s;
};
typedef void dns_hearer(void *arg, const struct dns_told *told);
/* Who hears it, before the device does; from the cache or from upstream alone:
 * local names are of the home. NULL: nobody. */
void dns_hear(struct dns *d, dns_hearer *hear, void *arg);

/* Local names: NAME.<domain> and the PTR of 'addr'. A name has one address and
 * the reverse. Setting again moves it. */
int dns_name_set(struct dns *d, const char *name, const struct addr *addr);
void dns_name_del(struct dns *d, const char *name);

/* A blocklist that is on. */
struct dns_list_row {
	char name[256];	     /* as the owner calls it */
	const char *source;  /* URL or path */
	unsigned names;	     /* taken from it */
	uint64_t updated_ms; /* civil time; 0: never */
	char problem[160];   /* "": none */
};

struct dns_upstream_row {
	struct nameserver at;
	bool retired;	 /* does not answer, and is probed */
	bool measured;	 /* rtt_ms is */
	uint32_t rtt_ms; /* smoothed */
};

/* A question of the last day. */
struct dns_log_row {
	uint64_t at_ms; /* civil time */
	uint32_t took_us;
	struct addr device, answer; /* device zero: the gateway itself */
	uint16_t type;
	uint8_t rcode;
	const char *name; /* without the last dot */
	const char *why;  /* see querylog.h */
	const char *list; /* blocked by it, else NULL */
};

struct dns_stats {
	uint64_t queries, hits, misses, local, refused, failed, stale, blocked;
	uint64_t tapped;   /* of the hits: answered on the data path */
	uint64_t framed;   /* answered by DNS, and sent by the data path */
	uint64_t log_lost; /* of those tapped not in the log */
	uint64_t cache_bytes, cache_entries;
};
void dns_stats(const struct dns *d, struct dns_stats *out);
/* What was dropped or refused, by reason; DNS_DROPS_MAX rows at most. */
unsigned dns_drops(const struct dns *d, struct drop_row *out, unsigned max);

/* Rows as they are now; valid until the loop runs again. How many. */
unsigned dns_lists(const struct dns *d, struct dns_list_row out[DNS_LISTS_MAX]);
unsigned dns_upstreams(const struct dns *d,
		       struct dns_upstream_row out[DNS_UPSTREAMS_MAX]);
/* Calls 'each' for every question that is remembered, oldest first. */
void dns_log(const struct dns *d,
	     void (*each)(void *arg, const struct dns_log_row *row), void *arg);

#endif
