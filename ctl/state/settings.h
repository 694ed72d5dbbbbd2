/* settings.h - what the owner chose: typed, checked, durable.
 *
 * One table in settings.c names every key with its type, default and check;
 * everything else (CLI, API, file) is derived from it. Kept in settings.json
 * (Jansson; temp + fsync + rename), only what differs from the default.
 * Control thread only. */
#ifndef STATE_SETTINGS_H
#define STATE_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../base/addr.h"
#include "../base/error.h"
#include "../base/nameserver.h"

#define SETTINGS_LIST_MAX 256

struct settings_open { /* wan.open: "tcp:22", "udp:7777" */
	uint8_t proto; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;
};
#define SETTINGS_ID_MAX	    32
#define SETTINGS_OPTION_MAX 80

struct settings_static { /* dhcp.static: "MAC=IPv4", "id:HEX=IPv4" */
	struct mac mac;
	uint8_t id_len; /* not 0: a client identifier, no MAC */
	uint8_t id[SETTINGS_ID_MAX];
	struct addr addr;
};
/* How an option's value is written. */
enum settings_option_form {
	SETTINGS_OPTION_IP,
	SETTINGS_OPTION_U8,
	SETTINGS_OPTION_U16,
	SETTINGS_OPTION_U32,
	SETTINGS_OPTION_TEXT,
	SETTINGS_OPTION_HEX,
};
struct settings_option { /* dhcp.option: "150=ip:10.77.0.5+10.77.0.6" */
	uint8_t code, form, len;
	uint8_t value[SETTINGS_OPTION_MAX]; /* as on the wire */
};
struct settings_route { /* dhcp.route: "192.168.9.0/24=10.77.0.7" */
	struct prefix net;
	struct addr router;
};
struct settings_dnr { /* dhcp.dnr: "dns.example.net=9.9.9.9" */
	char name[64];
	struct addr addr;
};
struct settings_forward { /* nat.forwards: "tcp:8443=10.77.0.5:443" */
	uint8_t proto;	  /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;	  /* outside */
	struct endpoint to;
};
struct settings_name { /* clients.name: "MAC=Name" */
	struct mac mac;
	char name[64];
};

struct settings_icon { /* clients.icon: "MAC=phone" */
	struct mac mac;
	char icon[16];
};

struct settings_domain { /* dns.allow and the like: "example.com" */
	char name[254];
};
struct settings_source { /* dns.lists: known name, URL or path */
	char text[256];
};
struct settings_device { /* dns.unfiltered: one of the two */
	struct mac mac;
	struct addr addr;
};

struct settings {
	unsigned wan_open_n;
	struct settings_open wan_open[SETTINGS_LIST_MAX];
	unsigned dns_upstream_n;
	struct nameserver dns_upstream[8]; /* see base/nameserver.h */
	char dns_domain[64];		   /* dns.domain: "lan" */
	unsigned dns_lists_n;
	struct settings_source dns_lists[16];
	unsigned dns_allow_n;
	struct settings_domain dns_allow[SETTINGS_LIST_MAX];
	unsigned dns_block_n;
	struct settings_domain dns_block[SETTINGS_LIST_MAX];
	unsigned dns_unfiltered_n;
	struct settings_device dns_unfiltered[64];
	char dns_blocked_answer[16]; /* "zero", "nxdomain" */
	unsigned dns_rebind_allow_n;
	struct settings_domain dns_rebind_allow[64];
	uint32_t dns_client_rate; /* questions a second that go upstream */
	char dns_log[4];	  /* "on", "off" */
	uint32_t dhcp_lease_s;	  /* dhcp.lease_s: 86400, 60..2592000 */
	unsigned dhcp_static_n;
	struct settings_static dhcp_static[SETTINGS_LIST_MAX];
	unsigned dhcp_option_n;
	struct settings_option dhcp_option[32];
	unsigned dhcp_route_n;
	struct settings_route dhcp_route[16];
	unsigned dhcp_ntp_n;
	struct addr dhcp_ntp[4]; /* dhcp.ntp: time servers */
	unsigned dhcp_dnr_n;
	struct settings_dnr dhcp_dnr[4];
	char dhcp_boot_file[128];  /* dhcp.boot.file: "": nobody boots by us */
	char dhcp_boot_server[64]; /* dhcp.boot.server: "": the gateway */
	char dhcp_portal[128];	   /* dhcp.captive_portal: RFC 8910 */
	uint32_t dhcp_v6only_s;	   /* dhcp.v6only_s: RFC 8925; 0: never */
	unsigned clients_name_n;
	struct settings_name clients_name[SETTINGS_LIST_MAX];
	unsigned clients_icon_n;
	struct settings_icon clients_icon[SETTINGS_LIST_MAX];
	unsigned clients_pin_n; /* clients.pin: captured whole */
	struct mac clients_pin[64];
	char express_mode[8]; /* express.mode: "auto", "xdp", "tc", "off" */
	char xdp_at[8];	      /* xdp.at: "port" or "pair" */
	uint32_t history_budget_mib;	/* history.budget_mib: 64, 8..512 */
	uint32_t history_save_minutes;	/* history.save_minutes: 5, 1..1440 */
	uint32_t express_after_packets; /* within a second: 32, 1..10000 */
	uint32_t capture_max_mib;	/* capture.max_mib: 0: off */
	/* nat.timers.udp_s and so on; seconds; floors from nat.md. */
	uint32_t nat_udp_s, nat_icmp_s, nat_tcp_established_s,
		nat_tcp_transitory_s, nat_tcp_time_wait_s, nat_tcp_rst_s,
		nat_other_s, nat_syn_hold_s, nat_hold_down_s;
	unsigned nat_forwards_n;
	struct settings_forward nat_forwards[SETTINGS_LIST_MAX];
	/* nat.limits.sessions, mappings (of a protocol), host_sessions */
	uint32_t nat_sessions, nat_mappings, nat_host_sessions;
};

struct settings_store;

/* Reads DIR/settings.json; absent is all defaults. Unreadable or invalid:
 * -errno and a sentence naming file, key and reason; nothing is overwritten. */
int settings_open(struct settings_store **out, const char *dir,
		  struct error *err);
void settings_close(struct settings_store *s);

/* The present values; valid until the next successful settings_patch(). */
const struct settings *settings_get(const struct settings_store *s);
/* All keys as one nested object {"wan":{"open":[…]},…}; new reference. */
json_t *settings_json(const struct settings_store *s);
/* One key ("wan.open"), or NULL: unknown. New reference. */
json_t *settings_json_key(const struct settings_store *s, const char *key);

/* Does the house as it stands allow them? 0, or -errno and a sentence that
 * names the key. Asked before a patch is written; what the file held at start
 * was chosen in another house, perhaps, and is not. */
typedef int settings_judge(void *arg, const struct settings *candidate,
			   struct error *err);
void settings_set_judge(struct settings_store *s, settings_judge *judge,
			void *arg);

/* Checks the whole patch (nested or dotted keys; null restores a default),
 * writes it durably, then makes it present. All or nothing: on error the
 * sentence names the key. */
int settings_patch(struct settings_store *s, const json_t *patch,
		   struct error *err);
/* A value as typed on the command line ("udp:7777,tcp:22", "3600", "") to the
 * JSON that settings_patch() takes for 'key'; NULL and a sentence: no such key.
 */
json_t *settings_value(const char *key, const char *text, struct error *err);

#endif
