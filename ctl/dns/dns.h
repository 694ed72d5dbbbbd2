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

#define DNS_UPSTREAMS_MAX 8
#define DNS_LISTEN_MAX	  4
#define DNS_DROPS_MAX	  12

struct dns_conf {
	unsigned listen_n;
	struct addr listen[DNS_LISTEN_MAX];    /* LAN addresses */
	struct prefix clients[DNS_LISTEN_MAX]; /* who is served: the LAN nets */
	unsigned upstreams_n;
	struct endpoint upstreams[DNS_UPSTREAMS_MAX];
	char domain[64];      /* "lan": NAME.lan is ours */
	uint32_t cache_bytes; /* 32 MiB */
};

struct dns;

/* Port 53 in use: -EADDRINUSE. */
int dns_start(struct dns **out, uv_loop_t *loop, const struct dns_conf *conf,
	      struct error *err);
/* Listeners and upstreams change without losing the cache. */
int dns_configure(struct dns *d, const struct dns_conf *conf,
		  struct error *err);
/* Takes effect at once; what the loop holds is freed when it has run. */
void dns_stop(struct dns *d);

/* Local names: NAME.<domain> and the PTR of 'addr'. A name has one address and
 * the reverse. Setting again moves it. */
int dns_name_set(struct dns *d, const char *name, const struct addr *addr);
void dns_name_del(struct dns *d, const char *name);

struct dns_stats {
	uint64_t queries, hits, misses, local, refused, failed, stale;
	uint64_t cache_bytes, cache_entries;
};
void dns_stats(const struct dns *d, struct dns_stats *out);
/* What was dropped or refused, by reason; DNS_DROPS_MAX rows at most. */
unsigned dns_drops(const struct dns *d, struct drop_row *out, unsigned max);

#endif
