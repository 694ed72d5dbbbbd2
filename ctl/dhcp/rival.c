/* rival.c - looks for another DHCP server on the LAN.
 *
 * Called by dhcp.c. Loop's thread. The packet socket lives for a round only.
 * The question comes from the interface's own MAC with the broadcast flag: a
 * server that answers sets the same address aside each time, not another. */
#include "rival.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../base/container_of.h"
#include "../base/addr.h"
#include "../base/log.h"
#include "../proto/udp_frame.h"
#include "port67.h"

#define QUESTIONS   2	 /* in a round */
#define QUESTION_MS 1000 /* between them */
#define LISTEN_MS                                                              \
	3000		     /* after the last: servers that ping an address   \
			      * before they offer it take so long */
#define ROUND_MS      600000 /* between rounds, nobody being here */
#define ROUND_HERE_MS 15000
#define HINT_MS	      5000 /* a hint is not worth two rounds within this */
#define MISSES_MAX    3	   /* rounds without an answer: it is gone */
#define BURST	      32

struct ear {
	uv_poll_t poll;
	struct rival *rival;
	int fd;
};

struct rival {
	uv_timer_t timer;
	rival_listener *listener;
	void *arg;
	struct rival_place place;
	struct mac mac;

	bool here;
	__be32 server; /* valid while here */
	unsigned misses;

	/* The round; 'ear' is NULL between rounds. */
	struct ear *ear;
	unsigned asked;
	uint32_t xid;
	uint64_t began_ms;
};

static void step(uv_timer_t *timer);

/* ---- presence */

static void set_here(struct rival *r, bool here, __be32 server)
{
	struct addr a = addr_v4(server);
	char text[ADDR_STRLEN];

	addr_format(&a, text);
	if (here)
		log_warn("dhcp: %s: another server answers, %s; ours gives no "
			 "address to new devices until it is gone",
			 r->place.ifname, text);
	else
		log_info("dhcp: %s: the other server, %s, is gone; serving "
			 "again",
			 r->place.ifname, text);
	r->here = here;
	r->server = server;
	r->listener(r->arg, server, here);
}

static void note_answer(struct rival *r, __be32 server)
{
	r->misses = 0;
	if (!r->here || r->server != server)
		set_here(r, true, server);
}

static void note_silence(struct rival *r)
{
	if (r->here && ++r->misses >= MISSES_MAX)
		set_here(r, false, r->server);
}

/* ---- a round */

static void on_ear_closed(uv_handle_t *handle)
{
	struct ear *ear = container_of(handle, struct ear, poll);

	close(ear->fd);
	free(ear);
}

static void close_ear(struct rival *r)
{
	if (!r->ear)
		return;
	uv_close((uv_handle_t *)&r->ear->poll, on_ear_closed);
	r->ear = NULL;
}

static void end_round(struct rival *r)
{
	close_ear(r);
	uv_timer_start(&r->timer, step, r->here ? ROUND_HERE_MS : ROUND_MS, 0);
}

/* The server that a frame offers an address from; 0: it is no such offer. */
static __be32 offering_server(const struct rival *r, const void *data,
			      size_t len)
{
	struct udp_frame f;
	struct dhcp_msg m;
	struct rd payload;
	__be32 server;

	if (udp_frame_parse(&f, &payload, data, len) ||
	    f.dst_port != DHCP_CLIENT_PORT ||
	    dhcp_msg_parse(&m, payload.p, rd_left(&payload)))
		return 0;
	if (m.op != DHCP_OP_REPLY || m.type != DHCP_OFFER || m.xid != r->xid ||
	    memcmp(m.chaddr, r->mac.b, sizeof(r->mac.b)))
		return 0;
	server = dhcp_msg_addr(&m, DHCP_OPT_SERVER_ID);
	if (!server)
		server = f.src;
	return server == r->place.own ? 0 : server;
}

static void on_ear(uv_poll_t *poll, int status, int events)
{
	struct rival *r = container_of(poll, struct ear, poll)->rival;
	uint8_t frame[DHCP_MSG_MAX + UDP_FRAME_HEAD];
	__be32 server = 0;
	ssize_t n;
	int i;

	(void)status;
	(void)events;
	for (i = 0; i < BURST && !server; i++) {
		n = recv(r->ear->fd, frame, sizeof(frame), 0);
		if (n < 0)
			return;
		server = offering_server(r, frame, (size_t)n);
	}
	if (!server)
		return;
	note_answer(r, server);
	end_round(r);
}

static int read_mac(struct rival *r, int fd)
{
	struct ifreq req = { 0 };

	memcpy(req.ifr_name, r->place.ifname, sizeof(req.ifr_name));
	if (ioctl(fd, SIOCGIFHWADDR, &req))
		return -errno;
	memcpy(r->mac.b, req.ifr_hwaddr.sa_data, sizeof(r->mac.b));
	return 0;
}

static int open_ear(struct rival *r)
{
	struct ear *ear = calloc(1, sizeof(*ear));
	int err;

	if (!ear)
		return -ENOMEM;
	ear->fd = port67_ear(r->place.ifindex);
	if (ear->fd < 0) {
		err = ear->fd;
		goto fail;
	}
	err = read_mac(r, ear->fd);
	if (!err)
		err = uv_poll_init(r->timer.loop, &ear->poll, ear->fd);
	if (err)
		goto fail_fd;
	ear->rival = r;
	uv_poll_start(&ear->poll, UV_READABLE, on_ear);
	r->ear = ear;
	return 0;
fail_fd:
	close(ear->fd);
fail:
	free(ear);
	return err;
}

static int ask(struct rival *r)
{
	static const struct mac everyone = { .b = { 0xff, 0xff, 0xff, 0xff,
						    0xff, 0xff } };
	static const uint8_t wanted[] = { DHCP_OPT_MASK, DHCP_OPT_ROUTER };
	const struct udp_frame f = { .dst = INADDR_BROADCAST,
				     .src_port = DHCP_CLIENT_PORT,
				     .dst_port = DHCP_SERVER_PORT };
	struct dhcp_msg m = { .op = DHCP_OP_REQUEST,
			      .htype = DHCP_ETHERNET,
			      .hlen = sizeof(r->mac.b),
			      .xid = r->xid,
			      .secs = (uint16_t)r->asked,
			      .flags = DHCP_BROADCAST };
	uint8_t bytes[DHCP_REPLY_MAX];
	struct wr w = wr_init(bytes, sizeof(bytes));

	memcpy(m.chaddr, r->mac.b, sizeof(r->mac.b));
	dhcp_msg_write_head(&w, &m);
	dhcp_msg_write_u8(&w, DHCP_OPT_TYPE, DHCP_DISCOVER);
	dhcp_msg_write_option(&w, DHCP_OPT_PARAMETERS, wanted, sizeof(wanted));
	dhcp_msg_write_end(&w);
	return port67_frame(r->ear->fd, r->place.ifindex, &everyone, &f, bytes,
			    wr_len(&w));
}

static int begin_round(struct rival *r)
{
	int err = open_ear(r);

	if (err)
		return err;
	r->asked = 0;
	r->began_ms = uv_now(r->timer.loop);
	if (getrandom(&r->xid, sizeof(r->xid), 0) != sizeof(r->xid))
		return -EAGAIN;
	return 0;
}

/* A round, step by step: ask, ask again, listen on, and rest. */
static void step(uv_timer_t *timer)
{
	struct rival *r = container_of(timer, struct rival, timer);
	int err = 0;

	if (r->ear && r->asked == QUESTIONS) {
		note_silence(r);
		end_round(r);
		return;
	}
	if (!r->ear)
		err = begin_round(r);
	if (!err)
		err = ask(r);
	if (err) {
		log_debug("dhcp: %s: cannot look for another server: %s",
			  r->place.ifname, strerror(-err));
		end_round(r);
		return;
	}
	r->asked++;
	uv_timer_start(&r->timer, step,
		       r->asked < QUESTIONS ? QUESTION_MS : LISTEN_MS, 0);
}

/* ---- running */

int rival_start(struct rival **out, uv_loop_t *loop,
		const struct rival_place *place, rival_listener *listener,
		void *arg)
{
	struct rival *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->listener = listener;
	r->arg = arg;
	r->place = *place;
	uv_timer_init(loop, &r->timer);
	uv_timer_start(&r->timer, step, 0, 0);
	*out = r;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(container_of(handle, struct rival, timer));
}

void rival_stop(struct rival *r)
{
	if (!r)
		return;
	close_ear(r);
	uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}

void rival_move(struct rival *r, const struct rival_place *place)
{
	if (r->here && r->place.ifindex != place->ifindex)
		set_here(r, false, r->server);
	close_ear(r);
	r->place = *place;
	r->misses = 0;
	uv_timer_start(&r->timer, step, 0, 0);
}

void rival_hint(struct rival *r)
{
	uint64_t now_ms = uv_now(r->timer.loop);

	if (!r->ear && !r->here && now_ms - r->began_ms >= HINT_MS)
		uv_timer_start(&r->timer, step, 0, 0);
}

bool rival_is_probe(const struct rival *r, const struct dhcp_msg *m)
{
	return r->ear && m->xid == r->xid &&
	       !memcmp(m->chaddr, r->mac.b, sizeof(r->mac.b));
}
