/* api.h - the JSON API of design section 8 and the embedded page.
 *
 * Reads from the house through struct api_house, which the gateway fills; says
 * what it read as JSON (Jansson). The same handler serves the unix socket (all
 * methods, no login) and the LAN address (Host checked: 421; login.c).
 *
 * What the JSON means beyond its names:
 *   rates, *_bps      bits per second over two seconds; rx is to the LAN
 *   last_seen_ms      civil time, milliseconds since 1970; null: never
 *   expires_s         seconds left; 0: over
 *   age_ms, idle_ms   durations
 *   wan.ifname, address, gateway; client ip, hostname, name, vendor: null when
 *                     there is none
 *   carrier, why      what brings a port's packets, and the reason for it; why
 *                     is null while it is not carried
 *   lan[].address     the gateway's own; lan[].network as "10.77.0.0/24"
 *   client name       what the owner calls it, else what DHCP, else what
 *                     multicast DNS calls it, else its maker; name_source says
 *                     which: "owner", "dhcp", "mdns", "vendor" or null
 *   wan.latency_ms    to the provider's gateway and back, the last minute's
 *                     middle; where it does not speak, the fastest resolver's
 *   wan.loss          of the last minute's pings, 0..1; null: not known
 *   client fixed      its IPv4 address is not one that we gave it
 *   client maybe      the MAC that it bore before, maybe; else null
 *   client addresses  all that it had within a day of when it was last seen
 *   random            the MAC is not its maker's: it was made up, and may
 *                     change
 *   lease renews_s    seconds until its holder asks again; what was changed in
 *                     the settings reaches it then; 0: it is due
 *   client_id         hexadecimal; a fixed address that follows one has no mac
 *   dhcp.events       newest first; at_ms is civil time; ip, mac, other: null
 *                     where they do not matter
 *   flow name         what the device asked for when it opened the flow: the
 *                     server's name in its hello, or the name that DNS was
 *                     asked for; null: not known
 *   flow device       the MAC of whose address the inside is; null: not known
 *   flow country      of the remote, two letters; null: not known, or there is
 *                     no database
 *   rtt_us, rtt_lan_us, rtt_wan_us
 *                     microseconds from us to the remote (wan) or to the device
 *                     (lan) and back, by TCP handshakes: medians of the last
 *                     five minutes; null: none was seen. A flow's is of its
 *                     remote; status.rtt is of the whole house
 *   drops             all reasons, also those that never happened
 *
 * /api/v1/dns: stats, upstreams, lists that are on, known_lists to turn on.
 * /api/v1/dns/log, for the owner alone: what was asked in the last day, oldest
 * first; ?limit= latest so many (1000), ?device= address, ?name= a part
 * of it, ?why= as in dns/querylog.h, ?format=csv. Device null: the gateway.
 *
 * /api/v1/capture/DEVICE: the packets that are kept of a device, as pcapng in
 * pieces; DEVICE is a MAC, an address or a name, ?last_s= of the last so many
 * seconds, ?remote= with this address or under this name alone.
 *
 * /api/v1/events: what happened, in sentences, newest first; ?since= only those
 * with a greater id, ?limit= at most so many (100). device, mac of whom it is
 * about, and name are null when it is about none; link is a place of the page;
 * times: so often since at_ms, last_ms being the last; more: so many like it,
 * of others, got no event of their own.
 *
 * /api/v1/line?from= &to= civil milliseconds (the last day; no more than that):
 * how the provider's gateway answered in each minute.
 *   latency_ms        the minute's middle; null: nothing was answered
 *   asked, lost       pings; null: nothing is known of that minute
 *
 * /api/v1/country?remote= address: country as a flow's.
 *
 * /api/v1/scans?device= MAC or all: who asked by ARP for how many addresses of
 * the home within a minute, when there were many; the latest first.
 *   from_ms, to_ms    goes on while less than an hour lies between
 *   times, addresses  minutes in which it did; the most in one of them
 *   first, last       of all the addresses, in their order
 *
 * /api/v1/history?device= MAC or all, &remote= address, name or all, &from=
 * &to= civil milliseconds (the last hour), &step= milliseconds, a multiple of
 * 100 (by itself: the finest that is kept and makes at most 1500 steps),
 * &group= device, remote or pair, &limit= of groups (200), &format= json or
 * csv. The span is rounded out to whole steps.
 *   rx, tx            bytes of each step; null: nothing was recorded then
 *   total, groups     bytes as rx, tx; packets. The largest first; what is left
 *                     over, and what history itself has folded, is the last,
 *                     with key null
 *   key               of a device its MAC, of a remote its name or else its
 *                     address, of a pair "MAC/remote"
 *   average_*, peak_* bits per second: of the time recorded, of one step
 *   tiers             how far back each fineness is whole
 * What is finer than what is still kept, or too long for its step, is 400 with
 * a sentence that begins with the parameter's name.
 *
 * /api/v1/live is a WebSocket; each message is one msgpack map with a "type":
 *   hello    version, now_ms, tick_ms: first of all
 *   recent   step_ms, end_ms, rx_bps[], tx_bps[]: the boundary's last minute,
 *            oldest first; once
 *   status   what GET /api/v1/status returns; at once, then every second
 *   clients  now_ms, clients: what GET /api/v1/clients returns; the same. At
 *            first each one has recent: step_ms, rx_bps[], tx_bps[]
 *   tick     now_ms, rx_bps, tx_bps, rx_bytes, tx_bytes: the boundary, every
 *            tick_ms, rates since the last one
 *   event    event: one of GET /api/v1/events, when it happens; to the owner
 *   packets  only with ?packets=1, for who is logged in, of all or of
 *            &device=MAC; twenty times a second at most: now_ms, left_out,
 *            rows [age_ms, mac, proto, "rx"|"tx", inside_port, remote,
 *            remote_port, bytes, tcp_flags, packets, name]. A row is a packet,
 *            or what a flow on the express lane moved one way since its last.
 *            left_out: packets that there are no rows of
 *   lagging  skipped: so many messages were left out, as this client does not
 *            read fast enough
 * A client says nothing but control frames: data is answered with 1008, or with
 * 1009 beyond 4 KiB. Too many pages: 503. A page of another origin: 403. */
#ifndef API_API_H
#define API_API_H

#include <jansson.h>
#include <uv.h>

#include "../analysis/events.h"
#include "../analysis/evidence.h"
#include "../base/addr.h"
#include "../base/drop.h"
#include "../base/names.h"
#include "../devices/devices.h"
#include "../dhcp/dhcp.h"
#include "../dns/dns.h"
#include "../engine/engine.h"
#include "../history/history.h"
#include "../http/http.h"
#include "../remotes/country.h"
#include "../remotes/rtt.h"
#include "../state/settings.h"

#define API_LANS_MAX  ENGINE_LANS_MAX
#define API_PORTS_MAX ENGINE_PORTS_MAX

struct api_port {
	char ifname[16];
	const char *carrier; /* "xdp-copy", …, "none" while it is not carried */
	const char *why;     /* that carrier; static, "": it is not carried */
	/* Who carries heavy flows that come in by it: "xdp", "tc" or "off";
	 * and why. Static. */
	const char *express, *express_why;
};
struct api_status {
	uint64_t uptime_s;
	bool wan_up;
	char wan_ifname[16];		   /* "": awaited */
	struct addr wan_addr, wan_gateway; /* zero: none */
	const char *wan_carrier, *wan_why, *wan_express, *wan_express_why;
	double wan_latency_ms, wan_loss; /* below 0: not known */
	unsigned lans_n;
	struct {
		char name[16]; /* "lan" */
		struct prefix addr;
		unsigned ports_n;
		struct api_port ports[API_PORTS_MAX];
	} lans[API_LANS_MAX];
};

/* What the API may ask of the gateway; all on the control thread. */
struct api_house {
	void *arg;
	const char *password_path, *sessions_path; /* outlive the API */
	void (*status)(void *arg, struct api_status *out);
	struct engine *(*engine)(void *arg);
	/* Leases of every LAN; valid until the loop runs again. */
	unsigned (*leases)(void *arg, const struct dhcp_lease **out);
	void (*dhcp)(void *arg, struct dhcp_fill *fill,
		     const struct diary **diary);
	/* Gate's and engine's drops, summed by reason. */
	unsigned (*drops)(void *arg, struct drop_row *out, unsigned max);
	struct dns *(*dns)(void *arg);
	const struct devices *(*devices)(void *arg);
	const struct names *(*names)(void *arg); /* of remotes */
	const struct events *(*events)(void *arg);
	const struct evidence *(*evidence)(void *arg);
	struct history *(*history)(void *arg);
	const struct rtts *(*rtts)(void *arg);
	struct countries *(*countries)(void *arg);
	struct settings_store *(*settings)(void *arg);
	/* After a successful patch: apply it now. */
	void (*settings_changed)(void *arg);
};

struct api;

/* Also starts the 1 s tick from which rates are computed; house->engine must
 * give one from here on. */
int api_new(struct api **out, uv_loop_t *loop, const struct api_house *house);
/* Once its servers are closed; freed after the loop ran. A dump that the engine
 * still owes may come later and is ignored. */
void api_free(struct api *a);

/* Tells the owner's pages what has just happened. */
void api_tell_event(struct api *a, const struct event *event);

/* The handler for both servers; 'arg' is the struct api. */
http_handler api_handle;

#endif
