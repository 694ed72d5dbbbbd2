/* dhcp_serve.c - a client's message on its way through the server.
 *
 * Called by libuv; wired up by dhcp.c. Loop's thread. */
#include <string.h>

#include "../base/clock.h"
#include "../base/container_of.h"
#include "../base/log.h"
#include "dhcp_priv.h"

#define BURST 64 /* messages a turn of the loop */
/* What is due ends within a second, all of it in one walk. */
#define EXPIRY_MS 1000

void dhcp_count_drop(struct dhcp *d, enum dhcp_drop drop, size_t len)
{
	d->drops[drop].packets++;
	d->drops[drop].bytes += len;
}

void dhcp_note(struct dhcp *d, enum diary_kind kind, __be32 ip,
	       const struct mac *mac, const struct mac *other)
{
	struct diary_entry e = { .wall_ms = clock_wall_ms(),
				 .kind = kind,
				 .ip = ip };

	if (mac)
		e.mac = *mac;
	if (other)
		e.other = *other;
	diary_note(d->diary, &e);
	if (d->events.on_diary)
		d->events.on_diary(d->events.arg, &e);
}

static void send_reply(struct dhcp *d, const struct dora_reply *reply)
{
	int err = port67_send(d->port, d->dora.conf.addr, reply);

	if (!err)
		return;
	log_debug("dhcp: %s: a reply did not leave: %s", d->dora.conf.ifname,
		  strerror(-err));
	dhcp_count_drop(d, DHCP_DROP_SEND_FAILED, reply->len);
}

/* ---- time */

static void on_expiry(uv_timer_t *timer);

void dhcp_arm_expiry(struct dhcp *d)
{
	uint64_t due_ms = pool_deadline(d->dora.pool), now_ms = clock_ms();
	uint64_t wait_ms = due_ms > now_ms ? due_ms - now_ms : 0;

	if (wait_ms < EXPIRY_MS)
		wait_ms = EXPIRY_MS;
	if (due_ms == UINT64_MAX)
		uv_timer_stop(&d->expiry);
	else if (!uv_is_active((uv_handle_t *)&d->expiry) ||
		 uv_timer_get_due_in(&d->expiry) > wait_ms)
		uv_timer_start(&d->expiry, on_expiry, wait_ms, 0);
}

static void on_expiry(uv_timer_t *timer)
{
	struct dhcp *d = container_of(timer, struct dhcp, expiry);

	pool_expire(d->dora.pool, clock_ms());
	dhcp_arm_expiry(d);
	commit_begin(d->commit);
}

/* ---- clients */

static void note_drop(struct dhcp *d, enum dhcp_drop drop,
		      const struct dhcp_msg *m, size_t len, bool news)
{
	struct mac mac;

	dhcp_count_drop(d, drop, len);
	memcpy(mac.b, m->chaddr, sizeof(mac.b));
	if (drop == DHCP_DROP_OTHER_SERVER)
		rival_hint(d->rival);
	if (drop == DHCP_DROP_NO_ADDRESS && news)
		dhcp_note(d, DIARY_EXHAUSTED, 0, &mac, NULL);
}

/* Who waits for an answer about an address is handled once it is there. One
 * that cannot wait with the others is trusted to look for itself (RFC 2131,
 * 2.2), and so is one that has waited long enough. */
static bool wait_for_probe(struct dhcp *d, const struct dhcp_msg *m, __be32 ip,
			   const uint8_t *data, size_t len, uint64_t began_ms)
{
	struct mac mac;

	memcpy(mac.b, m->chaddr, sizeof(mac.b));
	return d->arp && probes_add(d->probes, ip, &mac, data, len, began_ms);
}

void dhcp_handle(struct dhcp *d, const uint8_t *data, size_t len,
		 uint64_t began_ms)
{
	uint64_t told_ms = d->dora.told_ms;
	struct dora_reply reply;
	enum dhcp_drop drop;
	struct dhcp_msg m;

	if (dhcp_msg_parse(&m, data, len)) {
		dhcp_count_drop(d, DHCP_DROP_MALFORMED, len);
		return;
	}
	if (rival_is_probe(d->rival, &m))
		return;
	drop = dora_handle(&d->dora, &m, clock_ms(), &reply);
	if (!drop && reply.doubtful) {
		if (wait_for_probe(d, &m, reply.doubtful, data, len, began_ms))
			return;
		pool_asked(d->dora.pool, reply.doubtful, clock_ms());
		drop = dora_handle(&d->dora, &m, clock_ms(), &reply);
	}
	if (drop)
		note_drop(d, drop, &m, len, d->dora.told_ms != told_ms);
	else if (m.type == DHCP_DECLINE)
		dhcp_note(d, DIARY_DECLINED,
			  dhcp_msg_addr(&m, DHCP_OPT_REQUESTED),
			  (const struct mac *)(const void *)m.chaddr, NULL);
	if (drop || !reply.len)
		return;
	if (reply.durable)
		commit_add(d->commit, &reply);
	else
		send_reply(d, &reply);
}

void dhcp_on_ready(void *arg)
{
	struct dhcp *d = arg;
	uint8_t buf[DHCP_MSG_MAX];
	ssize_t n;
	int i;

	for (i = 0; i < BURST; i++) {
		n = port67_recv(d->port, buf, sizeof(buf));
		if (n == -EMSGSIZE)
			dhcp_count_drop(d, DHCP_DROP_MALFORMED, sizeof(buf));
		else if (n < 0)
			break;
		else
			dhcp_handle(d, buf, (size_t)n, clock_ms());
	}
	dhcp_arm_expiry(d);
	commit_begin(d->commit);
}

void dhcp_on_commit_send(void *arg, const struct dora_reply *reply)
{
	send_reply(arg, reply);
}

void dhcp_on_commit_lost(void *arg, enum dhcp_drop why, size_t len)
{
	dhcp_count_drop(arg, why, len);
}
