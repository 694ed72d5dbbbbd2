/* fuzz_dhcp_dora.c - the DHCP server behind its sockets: messages of several
 * clients, as they come or mended, ARP, time, and networks that change.
 *
 * An input is a script. A reply must be a message within what its client takes,
 * an address that is confirmed its client's alone; and the journal, written at
 * every change and read by the next process, must know all of it. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/log.h"
#include "ctl/dhcp/dora.h"
#include "ctl/dhcp/lease_line.h"

#define OURS	  0x0a4d0001
#define WALL_MS	  1767268800000ull
#define BEGAN_MS  10000000ull
#define STEPS_MAX 24
#define LINES_MAX 512
#define UDP_HEADS 28

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
	OP_RAW,
	OP_MENDED,
	OP_REQUEST, /* what was offered, or given last */
	OP_TIME,
	OP_HEARD,
	OP_ASKED,
	OP_CONF,
	OPS
};

static struct dora dora;
static uint64_t now_ms;
static __be32 offered;
static char lines[LINES_MAX][LEASE_LINE_MAX];
static unsigned lines_n;

static void check(bool holds)
{
	if (!holds)
		abort();
}

static struct lease_clock clock_now(void)
{
	return (struct lease_clock){ now_ms, WALL_MS + now_ms };
}

/* As leases.c does. */
static void on_change(void *arg, const struct lease *l, enum pool_change change)
{
	const struct lease_clock now = clock_now();

	(void)arg;
	check(l->known);
	if (change == POOL_EXPIRED || change == POOL_REPLACED)
		return;
	check(lines_n < LINES_MAX);
	if (change == POOL_FORGOTTEN)
		lease_line_drop(l, lines[lines_n++]);
	else
		lease_line_write(l, &now, lines[lines_n++]);
}

/* ---- settings */

static void set_extras(struct dhcp_conf *c, struct rd *r)
{
	c->extras_n = rd_u8(r) % 4;
	for (unsigned i = 0; i < c->extras_n; i++) {
		struct dhcp_extra *x = &c->extras[i];

		x->code = rd_u8(r);
		if (!x->code || x->code == DHCP_OPT_END)
			x->code = 224;
		x->len = rd_u8(r);
		x->always = rd_u8(r) & 1;
		memset(x->value, 7, x->len);
	}
}

static struct mac mac_of(uint8_t n)
{
	return (struct mac){ .b = { 2, 0, 0, 0, 0, n & 15 } };
}

static void configure(struct dhcp_conf *c, struct rd *r)
{
	uint8_t how = rd_u8(r);
	unsigned bits = 24 + (how & 7) % 7;

	memset(c, 0, offsetof(struct dhcp_conf, statics));
	c->addr = htonl(OURS + (how >> 3 & 1) * 2);
	c->mask = htonl(~0u << (32 - bits));
	strcpy(c->ifname, "lan");
	strcpy(c->domain, how & 16 ? "lan" : "home.arpa");
	c->lease_s = how & 32 ? 60 : 86400;
	c->mtu = how & 64 ? 1492 : 0;
	c->probe = how & 128;
	how = rd_u8(r);
	if (how & 1)
		memset(c->boot.file, 'b', 1 + how % 127);
	if (how & 2)
		memset(c->boot.server, 's', 1 + how % 63);
	c->boot.addr = how & 4 ? htonl(OURS + 1) : 0;
	c->statics_n = how >> 3 & 1;
	c->statics[0] =
		(struct dhcp_static){ .mac = mac_of(3), .ip = htonl(OURS + 4) };
	c->names_n = how >> 4 & 1;
	c->names[0] = (struct dhcp_name){ .mac = mac_of(2), .label = "tv" };
	set_extras(c, r);
}

/* ---- the journal, read by who comes after */

static void check_journal(void)
{
	const struct lease_clock now = clock_now();
	const struct lease *l, *told;
	struct pool *next;
	unsigned at = 0;

	pool_expire(dora.pool, now_ms);
	check(!pool_new(&next, &dora.conf));
	for (unsigned i = 0; i < lines_n; i++) {
		char *end = strchr(lines[i], '\n');

		check(end && !end[1]);
		*end = '\0';
		check(!lease_line_read(lines[i], next, &now));
	}
	while ((l = pool_next(dora.pool, &at))) {
		struct lease_client c = { .id = l->id, .mac = l->mac };

		if (l->state != LEASE_BOUND || l->until_ms < now_ms + 1000)
			continue;
		told = pool_find(next, &c);
		check(told && told->ip == l->ip && told->known);
		check(mac_eq(&told->mac, &l->mac));
		check(!strcmp(told->hostname, l->hostname));
	}
	pool_free(next);
}

/* ---- messages */

static size_t takes(const struct dhcp_msg *m)
{
	uint8_t join[DHCP_MSG_MAX];
	struct rd r = dhcp_msg_option(m, DHCP_OPT_SIZE_MAX, join);
	size_t size = rd_left(&r) == 2 ? rd_be16(&r) : 0;

	return size < DHCP_REPLY_MIN + UDP_HEADS ? DHCP_REPLY_MIN
						 : size - UDP_HEADS;
}

static void check_address(const struct dhcp_msg *a)
{
	const struct lease *l;
	unsigned at = 0, n = 0;

	check(!((a->yiaddr ^ dora.conf.addr) & dora.conf.mask));
	check(a->yiaddr != dora.conf.addr);
	while ((l = pool_next(dora.pool, &at))) {
		if (l->ip != a->yiaddr)
			continue;
		n++;
		check(l->state ==
		      (a->type == DHCP_ACK ? LEASE_BOUND : l->state));
		check(!memcmp(l->mac.b, a->chaddr, 6) || l->is_static ||
		      a->type == DHCP_OFFER);
	}
	check(n == 1);
	offered = a->yiaddr;
}

static void check_reply(const struct dhcp_msg *m, const struct dora_reply *x)
{
	struct dhcp_msg a;

	check(x->len <= takes(m) && x->len <= sizeof(x->bytes));
	check(!dhcp_msg_parse(&a, x->bytes, x->len));
	check(a.op == DHCP_OP_REPLY && a.xid == m->xid);
	check(!memcmp(a.chaddr, m->chaddr, sizeof(a.chaddr)));
	check(dhcp_msg_addr(&a, DHCP_OPT_SERVER_ID) == dora.conf.addr);
	check(a.type == DHCP_OFFER || a.type == DHCP_ACK || a.type == DHCP_NAK);
	check(!dora.silent || a.type != DHCP_OFFER);
	if (a.yiaddr)
		check_address(&a);
	else
		check(!x->durable && a.type != DHCP_OFFER);
}

static void handle(const uint8_t *bytes, size_t len)
{
	static struct dora_reply reply;
	enum dhcp_drop drop;
	struct dhcp_msg m;

	if (dhcp_msg_parse(&m, bytes, len))
		return;
	drop = dora_handle(&dora, &m, now_ms, &reply);
	if (!drop && reply.doubtful) {
		pool_asked(dora.pool, reply.doubtful, now_ms);
		drop = dora_handle(&dora, &m, now_ms, &reply);
	}
	check(drop < DHCP_DROP_REASONS);
	if (!drop && reply.len)
		check_reply(&m, &reply);
}

static size_t take(struct rd *r, uint8_t *out, size_t most)
{
	size_t n = rd_u8(r);

	n = n < most ? n : most;
	n = n < rd_left(r) ? n : rd_left(r);
	rd_bytes(r, out, n);
	return n;
}

static void op_raw(struct rd *r)
{
	static uint8_t bytes[DHCP_MSG_MAX];
	size_t n = rd_be16(r) % (DHCP_MSG_MAX + 1);

	n = n < rd_left(r) ? n : rd_left(r);
	rd_bytes(r, bytes, n);
	handle(bytes, n);
}

/* The head as clients write it, and any options behind the type. */
static void op_mended(struct rd *r, uint8_t type)
{
	static uint8_t bytes[DHCP_MSG_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));
	struct dhcp_msg head = { .op = DHCP_OP_REQUEST,
				 .htype = DHCP_ETHERNET,
				 .hlen = 6,
				 .xid = 9 };
	uint8_t how = rd_u8(r), options[255];
	struct mac mac = mac_of(rd_u8(r));

	memcpy(head.chaddr, mac.b, sizeof(mac));
	head.flags = how & 1 ? DHCP_BROADCAST : 0;
	head.ciaddr = how & 2 ? offered : 0;
	head.giaddr = how & 12 ? 0 : htonl(OURS + (how >> 6));
	dhcp_msg_write_head(&w, &head);
	if (type)
		dhcp_msg_write_u8(&w, DHCP_OPT_TYPE, type);
	if (how & 16 && offered)
		dhcp_msg_write_addr(&w, DHCP_OPT_REQUESTED, offered);
	if (how & 32)
		dhcp_msg_write_addr(&w, DHCP_OPT_SERVER_ID, dora.conf.addr);
	wr_bytes(&w, options, take(r, options, sizeof(options)));
	dhcp_msg_write_end(&w);
	check(!w.bad);
	handle(bytes, wr_len(&w));
}

static void op_heard(struct rd *r)
{
	uint8_t which = rd_u8(r);
	struct mac mac = mac_of(rd_u8(r));
	__be32 ip = which & 1 ? offered : htonl(OURS - 1 + (which >> 1));

	pool_heard(dora.pool, ip, &mac, now_ms);
	if (which & 128)
		pool_set_aside(dora.pool, ip, now_ms);
}

static void step(struct rd *r)
{
	static struct dhcp_conf other;
	uint8_t op = rd_u8(r);

	switch ((enum op)(op % OPS)) {
	case OP_RAW:
		op_raw(r);
		break;
	case OP_MENDED:
		op_mended(r, rd_u8(r) % 10);
		break;
	case OP_REQUEST:
		op_mended(r, DHCP_REQUEST);
		break;
	case OP_TIME:
		now_ms += (uint64_t)rd_be16(r) << (rd_u8(r) % 12);
		pool_expire(dora.pool, now_ms);
		break;
	case OP_HEARD:
		op_heard(r);
		break;
	case OP_ASKED:
		dora.silent = op & 64;
		break;
	case OP_CONF:
	case OPS:
		configure(&other, r);
		if (!pool_configure(dora.pool, &other))
			dora.conf = other;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);

	log_set_level(LOG_LEVEL_ERR - 1);
	dora.silent = false;
	dora.told_ms = 0;
	now_ms = BEGAN_MS;
	offered = 0;
	lines_n = 0;
	configure(&dora.conf, &r);
	if (pool_new(&dora.pool, &dora.conf))
		return 0;
	pool_listen(dora.pool, on_change, NULL);
	for (unsigned i = 0;
	     i < STEPS_MAX && rd_left(&r) && lines_n < LINES_MAX - 300; i++)
		step(&r);
	check_journal();
	pool_free(dora.pool);
	return 0;
}
