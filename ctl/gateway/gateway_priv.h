/* gateway_priv.h - the composition root's own state, shared by its files:
 *
 *   gateway.c  the init ladder, the loop, the way down
 *   ports.c    which ports there are; bridge, address
 *   carry.c    what carries them; programs and sockets on them, engine
 *   pair.c     punt pairs: XDP beside a port instead of on it
 *   kernel.c   rules and forwarding where packets go through the kernel
 *   lane.c     which ports the express lane may use
 *   sync.c     kernel's mirror and settings -> gate maps, engine, DHCP, DNS
 *   sync_dns.c the same for DNS
 *   plan.c     what sync.c tells them, as pure functions
 *   plan_dhcp.c the same for the DHCP server
 *   leftovers.c what an earlier run left on the machine
 *   events.c   what one room tells and another must hear
 *   home.c     who is at home
 *   traffic.c  what the engine counted, tick by tick
 *   look.c     what the analysis sees of them and of the line
 *   flow_names.c what flows are called: DNS answers and hellos
 *   house.c    what the API may ask
 *   captures.c the flight recorder's memory, from one process to the next
 *
 * Control thread only. */
#ifndef GATEWAY_GATEWAY_PRIV_H
#define GATEWAY_GATEWAY_PRIV_H

#include <uv.h>

#include "../analysis/analysis.h"
#include "../analysis/ping.h"
#include "../api/api.h"
#include "../base/answers.h"
#include "../base/names.h"
#include "../devices/devices.h"
#include "../devices/ear.h"
#include "../dhcp/dhcp.h"
#include "../dns/dns.h"
#include "../engine/engine.h"
#include "gateway.h"
#include "leftovers.h"
#include "plan.h"
#include "resolv.h"
#include "../http/http.h"
#include "../state/instance.h"
#include "../link/gate.h"
#include "../link/journal.h"
#include "../link/link.h"
#include "../link/link_pair.h"
#include "../link/nlwatch.h"
#include "../link/sockdiag.h"
#include "../state/saver.h"
#include "../remotes/country.h"
#include "../remotes/hello.h"
#include "../remotes/rtt.h"
#include "../remotes/told.h"
#include "../state/settings.h"

struct gateway {
	/* immutable after start */
	const struct gateway_options *options;
	char **argv;
	uv_loop_t loop;
	struct instance instance;
	uint64_t started_ms;
	char bridge_name[IF_NAMESIZE];
	char tun_name[IF_NAMESIZE];
	char exe[512]; /* to start anew: the file, not the inode */
	char lan_names[ROLES_LAN_PORTS_MAX][IF_NAMESIZE];
	unsigned lan_names_n;
	bool ssh_open;	   /* started over SSH on the WAN … */
	uint16_t ssh_port; /* … which stays open */

	/* modules, in the order of the ladder */
	struct settings_store *settings;
	struct names *names;   /* of remotes … */
	struct told *told;     /* … by DNS … */
	struct hellos *hellos; /* … by what devices say to them */
	struct traffic *traffic;
	struct rtts *rtts;
	struct countries *countries;
	struct journal *journal;
	struct link *link;
	struct gate *gate;
	struct nlwatch *nft;	 /* NULL: no nf_tables */
	struct nlwatch *drivers; /* NULL: the kernel does not tell */
	struct engine *engine;
	struct answers *answers; /* between DNS and engine */
	struct dns *dns;
	struct dhcp *dhcp;
	struct devices *devices;
	struct ear *ear; /* NULL: no LAN yet, or no socket */
	struct analysis *analysis;
	struct ping *ping; /* NULL: no socket */
	struct api *api;
	struct http_server *ui, *socket;
	struct endpoint ui_at;
	char password_path[512], sessions_path[512];
	char devices_path[512], events_path[512], habits_path[512];
	char evidence_path[512], diary_path[512];
	struct saver devices_saver, events_saver, habits_saver, evidence_saver;
	struct saver diary_saver;
	struct diary diary; /* what DHCP saw */

	/* what is so now */
	bool adopting;	      /* an earlier run left changes that may stay */
	struct roles roles;   /* ports that are there */
	uint64_t failed_ms;   /* when the ports could not be carried */
	uint32_t wan_refused; /* could not be carried: not tried again */
	struct resolv_stamp resolv;
	uint32_t lan_ifindex;  /* bridge, or the only port */
	struct prefix lan_net; /* gateway's own address in it */
	uint32_t ear_ifindex;  /* where 'ear' listens */
	unsigned home_ticks;
	struct engine_port carried[ENGINE_PORTS_MAX];
	const char *why[ENGINE_PORTS_MAX]; /* that carrier; static storage */
	unsigned carried_n;
	struct link_pair pairs[ENGINE_PORTS_MAX]; /* punt pairs, by slot … */
	uint32_t pairs_refused; /* … and those that could not be had */
	bool guarded;		/* our table of nftables stands */
	bool engine_runs;
	struct engine_conf conf; /* as last published */
	struct sockdiag_ports sockets;
	uint64_t servers_udp[1024]; /* see struct plan_input */
	struct dhcp_conf dhcp_conf;
	struct dns_conf dns_conf;

	/* loop handles */
	uv_signal_t sigterm, sigint, sighup, sigusr2;
	uv_poll_t engine_events;
	uv_timer_t sync_soon;	 /* batches changes */
	uv_timer_t sockets_tick; /* every SOCKETS_MS */
	uv_timer_t freshen_tick; /* every FRESHEN_MS */
	uv_timer_t home_tick;	 /* every second */
	bool ending;		 /* it was told to; what is under way goes on */
	bool stopping, restarting;
};

#define SOCKETS_MS    5000
#define FRESHEN_MS    10000
#define SYNC_DELAY_MS 20
#define RETRY_MS      5000

/* ports.c */
/* "?": there is no such port. */
const char *ports_name(const struct gateway *g, uint32_t ifindex);
/* The layer-3 owner of the LAN: the bridge, or its only port. */
const char *ports_lan_device(const struct gateway *g);
/* Picks roles and network; nothing is changed. */
int ports_pick(struct gateway *g, struct error *err);
/* Is every port that the services need free? Nothing is changed. */
int ports_check_services(struct gateway *g, struct error *err);
/* Where the page is served: as told, or port 80 of the LAN address. */
struct endpoint ports_ui_at(const struct gateway *g);
/* Bridge, address, links up, sysctls; what is so already stays. */
int ports_prepare(struct gateway *g, struct error *err);
/* Has a port come, gone or been replaced since they were taken up? */
bool ports_changed(struct gateway *g);
/* Takes them up anew; the tables stay. A WAN that cannot be carried does not
 * keep the LAN from being served. */
void ports_again(struct gateway *g);
/* The LAN's network overlaps the WAN's: moves it to a free one. */
int ports_move_lan(struct gateway *g, struct error *err);

/* carry.c */
/* Programs on every port, sockets in every queue, engine running. Programs that
 * sit there already stay, with no moment in which the kernel answers. */
int carry_start(struct gateway *g, struct error *err);
/* Stops the engine and closes its sockets; programs stay on the ports and drop
 * what is the engine's. */
void carry_halt(struct gateway *g);
/* Takes programs off the ports that are no longer ours; what sits on the others
 * stays, and so does the engine. */
void carry_let_go(struct gateway *g);
/* Puts back programs that somebody took off a port. */
void carry_keep(struct gateway *g);
/* Is each port carried as the owner wishes, by devices that are there? */
bool carry_fits(const struct gateway *g);
/* How many queues the port receives by. */
uint32_t carry_queues(const struct gateway *g, uint32_t ifindex);
/* One port as the classifier must know it. */
struct gate_port_info carry_port(const struct gateway *g,
				 const struct engine_port *p);

/* pair.c */
/* Makes the port's punt pair, or takes away what is not wished any more. */
void pair_prepare(struct gateway *g, struct engine_port *p);
/* Has it one? */
bool pair_has(const struct gateway *g, const struct engine_port *p);
/* Programs onto the port and both ends, if it has a pair. False: it has none,
 * or none any more, because they could not be put there. */
bool pair_take(struct gateway *g, struct engine_port *p);
/* The same again. */
int pair_attach(struct gateway *g, const struct engine_port *p,
		struct error *err);
/* Takes its ends up again, if somebody took them down. */
void pair_keep(struct gateway *g, const struct engine_port *p);
/* For a port that has none any more. */
void pair_end(struct gateway *g, uint8_t slot);
/* Is it as wished, and there? */
bool pair_fits(const struct gateway *g, const struct engine_port *p);

/* kernel.c */
/* What the kernel must not forward behind the gate's back, and must queue. */
int kernel_guard(struct gateway *g, struct error *err);
/* What it must forward; after the rules stand and the programs sit. */
int kernel_forward(struct gateway *g, struct error *err);
/* Follows who changes nftables. */
int kernel_watch(struct gateway *g, struct error *err);
/* Looks after all that anybody may take away, programs too. */
void kernel_keep(struct gateway *g);

/* sync.c */
/* Gate, engine, DHCP, DNS and page: all from the present picture. */
int sync_all(struct gateway *g, struct error *err);
/* The same in SYNC_DELAY_MS, once for all changes until then. */
void sync_soon(struct gateway *g);
/* Which ports the machine's own sockets hold now. */
void sync_sockets(struct gateway *g);

/* plan_dhcp.c */
void plan_dhcp(const struct gateway *g, struct dhcp_conf *c);

/* sync_dns.c */
/* DNS alone, which is started by the first call. */
int sync_dns(struct gateway *g, struct error *err);

/* lane.c */
/* Tells gate and engine how each port can carry heavy flows. */
void lane_sync(struct gateway *g);
/* Does so from now on whenever a driver can do other things. */
void lane_watch(struct gateway *g);

/* events.c */
/* Tells the engine every neighbour that the kernel knows. */
void events_tell_neighs(struct gateway *g);
void events_on_change(void *arg, unsigned changes);
void events_on_neigh(void *arg, const struct link_neigh *n);
void events_on_fdb(void *arg, uint32_t port, const struct mac *mac, bool gone);
void events_on_lease(void *arg, const struct dhcp_lease *lease, bool gone);
/* Its name in DNS comes or goes. */
void events_name_lease(struct gateway *g, const struct dhcp_lease *lease,
		       bool gone);
void events_on_rival(void *arg, __be32 server, bool here);
/* The LAN port that a device was last heard on; 0: unknown. */
uint32_t events_port_of(void *arg, const struct mac *mac);
void events_on_engine(uv_poll_t *poll, int status, int events);

/* home.c */
int home_open(struct gateway *g, struct error *err);
void home_close(struct gateway *g);
/* Writes what is left to write; once the loop has ended. */
void home_save(struct gateway *g);
void home_on_neigh(struct gateway *g, const struct link_neigh *n);
void home_on_lease(struct gateway *g, const struct dhcp_lease *lease);
/* 'arg' is the gateway. */
void home_on_arp(void *arg, const struct arp *a);

/* traffic.c */
int traffic_open(struct gateway *g, struct error *err);
/* What was kept comes in; once the engine runs. */
void traffic_load(struct gateway *g);
struct history *traffic_history(const struct gateway *g);
/* Takes the ticks that are over; while the engine is stopped, all. */
void traffic_take(struct gateway *g);
/* Stops the loop, once everything so far is in the file; until then the house
 * is served. */
void traffic_end(struct gateway *g);
/* Once loop and engine have ended. */
void traffic_close(struct gateway *g);

/* captures.c */
/* Goes on with what this process kept before it started anew. */
void captures_take(struct gateway *g);
/* Instead of forgetting it: before exec(). */
void captures_hand_on(struct gateway *g);

/* look.c */
int look_open(struct gateway *g, struct error *err);
void look_close(struct gateway *g);
/* 'now': the loop has ended. */
void look_save(struct gateway *g, bool now);
void look_free(struct gateway *g);
void look_second(struct gateway *g);
void look_at_rows(struct gateway *g, const struct device_row *rows, unsigned n);
void look_at_report(struct gateway *g, const struct engine_report *r);
void look_at_arp(struct gateway *g, const struct arp *a);
/* 'arg' is the gateway. */
void look_at_diary(void *arg, const struct diary_entry *e);
/* Below 0: not known. */
void look_line(struct gateway *g, double *latency_ms, double *loss);
/* flow_names.c */
/* -ENOMEM */
int flow_names_open(struct gateway *g);
void flow_names_close(struct gateway *g);
/* A dns_hearer; 'arg' is the gateway. */
void flow_names_on_told(void *arg, const struct dns_told *told);
/* Reads the hellos that wait. */
void flow_names_take(struct gateway *g);

/* house.c */
/* A settings_judge; 'arg' is the gateway. */
int house_judges(void *arg, const struct settings *candidate,
		 struct error *err);
struct api_house house_for_api(struct gateway *g);

#endif
