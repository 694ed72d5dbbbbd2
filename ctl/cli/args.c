/* args.c - the command line: words to options, or one sentence of refusal.
 *
 * Called by main.c. What needs a look at the machine (is there such a port?) is
 * checked later, by who looks. */
#include "args.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../state/instance.h"

#define IFNAME_LEN_MAX 15 /* IFNAMSIZ without its NUL */
#define LAST_MAX       31536000

enum option_id {
	OPT_WAN = 1,
	OPT_LAN,
	OPT_LAN_NET,
	OPT_PATH,
	OPT_UI,
	OPT_DNS,
	OPT_STATE,
	OPT_NAME,
	OPT_JSON,
	OPT_CLEAN,
	OPT_LAST,
	OPT_REMOTE,
	OPT_HELP,
	OPT_OUTPUT = 'o',
};

/* clang-format off */
#define COMMON                                                                 \
	{ "name", required_argument, NULL, OPT_NAME },                         \
	{ "help", no_argument, NULL, OPT_HELP },                               \
	{ 0 }
/* clang-format on */

static const struct option run_options[] = {
	{ "wan", required_argument, NULL, OPT_WAN },
	{ "lan", required_argument, NULL, OPT_LAN },
	{ "lan-net", required_argument, NULL, OPT_LAN_NET },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "ui", required_argument, NULL, OPT_UI },
	{ "dns", required_argument, NULL, OPT_DNS },
	{ "state", required_argument, NULL, OPT_STATE },
	COMMON
};
static const struct option show_options[] = {
	{ "json", no_argument, NULL, OPT_JSON }, COMMON
};
static const struct option stop_options[] = {
	{ "clean", no_argument, NULL, OPT_CLEAN }, COMMON
};
static const struct option capture_options[] = {
	{ "output", required_argument, NULL, OPT_OUTPUT },
	{ "last", required_argument, NULL, OPT_LAST },
	{ "remote", required_argument, NULL, OPT_REMOTE },
	COMMON
};
static const struct option plain_options[] = { COMMON };

static const struct command {
	const char *name;
	enum args_command command;
	const struct option *options;
	int words_min, words_max;
} commands[] = {
	{ "run", ARGS_RUN, run_options, 0, 0 },
	{ "top", ARGS_TOP, plain_options, 0, 0 },
	{ "status", ARGS_SHOW, show_options, 0, 0 },
	{ "clients", ARGS_SHOW, show_options, 0, 0 },
	{ "flows", ARGS_SHOW, show_options, 0, 0 },
	{ "mappings", ARGS_SHOW, show_options, 0, 0 },
	{ "leases", ARGS_SHOW, show_options, 0, 0 },
	{ "dhcp", ARGS_SHOW, show_options, 0, 0 },
	{ "drops", ARGS_SHOW, show_options, 0, 0 },
	{ "dns", ARGS_SHOW, show_options, 0, 0 },
	{ "queries", ARGS_SHOW, show_options, 0, 0 },
	{ "events", ARGS_SHOW, show_options, 0, 0 },
	{ "set", ARGS_SET, plain_options, 1, 64 },
	{ "passwd", ARGS_PASSWD, plain_options, 0, 0 },
	{ "get", ARGS_GET, show_options, 0, 1 },
	{ "capture", ARGS_CAPTURE, capture_options, 1, 1 },
	{ "restart", ARGS_RESTART, plain_options, 0, 0 },
	{ "stop", ARGS_STOP, stop_options, 0, 0 },
	{ "--version", ARGS_VERSION, plain_options, 0, 0 },
	{ "--help", ARGS_HELP, plain_options, 0, 0 },
	{ "-h", ARGS_HELP, plain_options, 0, 0 },
};

const char args_help[] =
	"Portcullis turns this machine into a home internet gateway.\n"
	"\n"
	"  portcullis run [OPTION…]        serve, until stopped\n"
	"      --wan IF                    port to the internet; default: the "
	"one\n"
	"                                  with the default route\n"
	"      --lan IF[,IF…]              ports to the home; default: all "
	"other\n"
	"                                  wired ports that are free\n"
	"      --lan-net ADDR/LEN          the gateway's address at home; "
	"default:\n"
	"                                  10.77.0.1/24, or the next that is "
	"free\n"
	"      --path auto|xdp|nfqueue     what carries packets; default: by\n"
	"                                  each port's driver\n"
	"      --ui ADDR:PORT              the page; default: LAN address, "
	"port 80\n"
	"      --dns ADDR[,ADDR…]          resolvers to ask; default: the "
	"system's\n"
	"      --state DIR                 what is kept; default:\n"
	"                                  /var/lib/portcullis\n"
	"\n"
	"Look\n"
	"  portcullis top                  devices and connections, live\n"
	"  portcullis status               ports, addresses, rates\n"
	"  portcullis clients              devices and what they used\n"
	"  portcullis flows                connections, one by one\n"
	"  portcullis mappings             outside ports and who has them\n"
	"  portcullis leases               addresses given out\n"
	"  portcullis dhcp                 fill of the pool, conflicts\n"
	"  portcullis drops                what was turned away, and why\n"
	"  portcullis dns                  resolvers and blocklists\n"
	"  portcullis queries              which names were asked for, and "
	"why\n"
	"                                  they were answered as they were\n"
	"  portcullis events               what was unusual, in words\n"
	"      --json                      as the API says it\n"
	"  portcullis capture DEVICE       its last packets, as pcapng; DEVICE "
	"is a\n"
	"                                  MAC, an address or a name\n"
	"      -o FILE                     default: standard output, into "
	"wireshark\n"
	"      --last SECONDS              of them, the latest\n"
	"      --remote ADDR|NAME          of them, those with this one\n"
	"\n"
	"Change\n"
	"  portcullis get [KEY]            settings as they are\n"
	"  portcullis set KEY=VALUE…       checked, kept, applied at once;\n"
	"                                  KEY= restores the default\n"
	"  portcullis passwd               sets the page's password anew\n"
	"  portcullis restart              anew, after an upgrade say\n"
	"  portcullis stop [--clean]       and undo all changes to the "
	"machine;\n"
	"                                  --clean: also those of a killed "
	"one\n"
	"\n"
	"Everywhere\n"
	"      --name INSTANCE             which gateway; default: portcullis\n"
	"\n"
	"  portcullis --version\n"
	"  portcullis --help\n";

/* ---- values */

static bool is_ifname(const char *s, size_t len)
{
	size_t i;

	if (!len || len > IFNAME_LEN_MAX || s[0] == '.')
		return false;
	for (i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] == '/' || s[i] == ':' || s[i] == 0x7f)
			return false;
	return true;
}

/* Letters, digits and hyphens: it names files, an nft table and a device. */
static bool is_instance(const char *s)
{
	size_t len = strlen(s);

	return len && len <= INSTANCE_NAME_MAX && *s != '-' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static int take_lans(struct args *a, const char *text, struct error *err)
{
	struct roles_wish *ports = &a->run.ports;
	char *at = a->lans;
	size_t len = strlen(text);

	if (len >= sizeof(a->lans))
		return error_set(err, -EINVAL, "--lan: at most %d ports fit",
				 ROLES_LAN_PORTS_MAX);
	memcpy(a->lans, text, len + 1);
	ports->lan_n = 0;
	for (;; at += len + 1) {
		len = strcspn(at, ",");
		if (!is_ifname(at, len))
			return error_set(err, -EINVAL,
					 "--lan wants port names such as "
					 "eth1,eth2, not '%.60s'",
					 text);
		if (ports->lan_n == ROLES_LAN_PORTS_MAX)
			return error_set(err, -EINVAL,
					 "--lan: at most %d ports fit",
					 ROLES_LAN_PORTS_MAX);
		ports->lan[ports->lan_n++] = at;
		if (!at[len])
			return 0;
		at[len] = '\0';
	}
}

/* A host's address in a network that has room for other hosts. */
static bool is_lan_net(const char *text, struct prefix *net)
{
	uint32_t host, mask;
	unsigned len;

	if (!prefix_parse(text, net) || !addr_is_v4(&net->addr))
		return false;
	len = prefix_v4_len(net);
	if (len < 8 || len > 30)
		return false;
	host = ntohl(addr_to_v4(&net->addr));
	mask = ntohl(v4_mask(len));
	if (host >> 24 == 0 || host >> 24 == 127 || host >> 28 >= 14)
		return false;
	return (host & ~mask) && (host | mask) != UINT32_MAX;
}

static int take_path(struct gateway_options *run, const char *value,
		     struct error *err)
{
	static const char *const names[] = { [PATH_AUTO] = "auto",
					     [PATH_XDP] = "xdp",
					     [PATH_NFQUEUE] = "nfqueue" };

	for (unsigned n = 0; n < sizeof(names) / sizeof(*names); n++) {
		if (strcmp(value, names[n]))
			continue;
		run->path = (enum gateway_path)n;
		return 0;
	}
	return error_set(err, -EINVAL,
			 "--path wants auto, xdp or nfqueue, not '%.60s'",
			 value);
}

static int take_dns(struct gateway_options *run, const char *text,
		    struct error *err)
{
	const unsigned max = sizeof(run->dns) / sizeof(run->dns[0]);
	char one[NAMESERVER_STRLEN];
	size_t len;

	for (run->dns_n = 0;; text += len + 1) {
		len = strcspn(text, ",");
		if (run->dns_n == max)
			return error_set(err, -EINVAL,
					 "--dns: at most %u servers fit", max);
		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		if (len >= sizeof(one) ||
		    !nameserver_parse(one, &run->dns[run->dns_n]) ||
		    addr_is_zero(&run->dns[run->dns_n].at.addr))
			return error_set(err, -EINVAL,
					 "--dns wants addresses such as "
					 "9.9.9.9,1.1.1.1, not '%.60s'",
					 text);
		run->dns_n++;
		if (!text[len])
			return 0;
	}
}

/* ---- options */

static int take_run(struct args *a, int id, const char *value,
		    struct error *err)
{
	struct gateway_options *run = &a->run;

	switch (id) {
	case OPT_WAN:
		run->ports.wan = value;
		if (is_ifname(value, strlen(value)))
			return 0;
		return error_set(err, -EINVAL,
				 "--wan wants a port's name such as eth0, not "
				 "'%.60s'",
				 value);
	case OPT_LAN:
		return take_lans(a, value, err);
	case OPT_LAN_NET:
		run->has_lan_net = true;
		if (is_lan_net(value, &run->lan_net))
			return 0;
		return error_set(
			err, -EINVAL,
			"--lan-net wants the gateway's own address and "
			"length such as 10.77.0.1/24, not '%.60s'",
			value);
	case OPT_PATH:
		return take_path(run, value, err);
	case OPT_UI:
		run->has_ui = true;
		if (endpoint_parse(value, 80, &run->ui))
			return 0;
		return error_set(err, -EINVAL,
				 "--ui wants an address and port such as "
				 "10.77.0.1:8080, not '%.60s'",
				 value);
	case OPT_DNS:
		return take_dns(run, value, err);
	}
	run->state_dir = value; /* OPT_STATE */
	return *value ? 0 : error_set(err, -EINVAL, "--state wants a folder");
}

static int take_last(struct args *a, const char *value, struct error *err)
{
	unsigned long n = 0;
	char *end = NULL;

	if (*value >= '0' && *value <= '9')
		n = strtoul(value, &end, 10);
	if (!n || *end || n > LAST_MAX)
		return error_set(err, -EINVAL,
				 "--last wants seconds such as 60, not '%.60s'",
				 value);
	a->last_s = (unsigned)n;
	return 0;
}

static int take(struct args *a, int id, const char *value, struct error *err)
{
	switch (id) {
	case OPT_OUTPUT:
		a->output = value;
		return *value ? 0 : error_set(err, -EINVAL, "-o wants a file");
	case OPT_LAST:
		return take_last(a, value, err);
	case OPT_REMOTE:
		a->remote = value;
		return 0;
	case OPT_NAME:
		a->instance = a->run.instance = value;
		if (is_instance(value))
			return 0;
		return error_set(err, -EINVAL,
				 "--name wants at most %d letters a-z, digits "
				 "and hyphens, not '%.60s'",
				 INSTANCE_NAME_MAX, value);
	case OPT_JSON:
		a->json = true;
		return 0;
	case OPT_CLEAN:
		a->clean = true;
		return 0;
	case OPT_HELP:
		a->command = ARGS_HELP;
		return 0;
	}
	return take_run(a, id, value, err);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int take_words(const struct command *c, int n, char **words,
		      struct args *out, struct error *err)
{
	int i;

	if (n < c->words_min)
		return error_set(err, -EINVAL,
				 c->command == ARGS_CAPTURE
					 ? "%s wants a device such as phone or "
					   "10.77.0.5; `portcullis clients` "
					   "lists them"
					 : "%s wants KEY=VALUE such as "
					   "wan.open=udp:7777; `portcullis "
					   "get` lists the keys",
				 c->name);
	if (n > c->words_max)
		return error_set(err, -EINVAL,
				 "%s: '%.60s' is one word too many", c->name,
				 words[c->words_max]);
	for (i = 0; i < n && c->command == ARGS_SET; i++)
		if (!strchr(words[i], '='))
			return error_set(err, -EINVAL,
					 "set wants KEY=VALUE, not '%.60s'",
					 words[i]);
	out->words_n = n;
	out->words = words;
	return 0;
}

/* What getopt did not take: a long option as written, or one letter. */
static int refuse_option(const struct command *c, int id, const char *word,
			 struct error *err)
{
	if (id == ':')
		return error_set(err, -EINVAL, "%s: %.60s wants a value",
				 c->name, word);
	if (optopt > ' ')
		return error_set(err, -EINVAL, "%s: '-%c' is no option of it",
				 c->name, optopt);
	return error_set(err, -EINVAL, "%s: '%.60s' is no option of it",
			 c->name, word);
}

static int take_options(const struct command *c, int argc, char **argv,
			struct args *out, struct error *err)
{
	int id, r;

	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((id = getopt_long(argc, argv,
				 c->command == ARGS_CAPTURE ? ":o:" : ":",
				 c->options, NULL)) != -1) {
		if (id == ':' || id == '?')
			return refuse_option(c, id, argv[optind - 1], err);
		r = take(out, id, optarg, err);
		if (r)
			return r;
	}
	return 0;
}

int args_parse(int argc, char **argv, struct args *out, struct error *err)
{
	const struct command *c = argc > 1 ? find_command(argv[1]) : NULL;
	int r;

	memset(out, 0, sizeof(*out));
	out->instance = out->run.instance = "portcullis";
	out->run.state_dir = "/var/lib/portcullis";
	if (argc < 2)
		return error_set(err, -EINVAL,
				 "say what to do, such as `portcullis run`; "
				 "`portcullis --help` lists it all");
	if (!c)
		return error_set(err, -EINVAL,
				 "'%.60s' is no command; `portcullis --help` "
				 "lists them",
				 argv[1]);
	out->command = c->command;
	out->view = c->name;
	r = take_options(c, argc - 1, argv + 1, out, err);
	if (r || out->command == ARGS_HELP)
		return r;
	return take_words(c, argc - 1 - optind, argv + 1 + optind, out, err);
}
