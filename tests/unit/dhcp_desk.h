/* dhcp_desk.h - a DHCP server on a cable, for the tests that need one.
 *
 * One namespace, one cable: the server has its end "lan", the tests play
 * everyone else at "home" with packet sockets. Needs root. */
#ifndef TESTS_DHCP_DESK_H
#define TESTS_DHCP_DESK_H

#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dhcp_kit.h"
#include "netns.h"
#include "../../ctl/base/clock.h"
#include "../../ctl/dhcp/port67.h"

#define PATH	    "/run/leases"
#define PATIENCE_MS 20000

struct desk {
	uv_loop_t loop;
	struct dhcp_conf conf;
	struct dhcp *server;
	unsigned home;
	int ear;   /* what reaches clients */
	int ear67; /* what reaches servers at "home" */
	unsigned came, went;
	__be32 rival; /* 0: none is here */
};

static struct desk desk;

static inline void on_lease(void *arg, const struct dhcp_lease *lease,
			    bool gone)
{
	struct desk *d = arg;

	(void)lease;
	d->came += !gone;
	d->went += gone;
}

static inline void on_rival(void *arg, __be32 server, bool here)
{
	struct desk *d = arg;

	d->rival = here ? server : 0;
}

static inline int start(struct error *err)
{
	const struct dhcp_events events = { .arg = &desk,
					    .on_lease = on_lease,
					    .on_rival = on_rival };

	return dhcp_start(&desk.server, &desk.loop, &desk.conf, PATH, &events,
			  err);
}

static inline void stop(void)
{
	dhcp_stop(desk.server);
	desk.server = NULL;
	uv_run(&desk.loop, UV_RUN_DEFAULT);
}

static inline int setup(void **state)
{
	struct error err;

	if (netns_enter(state))
		return -1;
	sh("ip link add lan type veth peer name home");
	sh("ip addr add 10.77.0.1/24 dev lan");
	sh("ip link set lan up");
	sh("ip link set home up");
	memset(&desk, 0, sizeof(desk));
	uv_loop_init(&desk.loop);
	desk.conf = kit_conf("255.255.255.0");
	desk.conf.ifindex = if_nametoindex("lan");
	desk.home = if_nametoindex("home");
	desk.ear = port67_ear(desk.home);
	desk.ear67 = -1;
	return desk.ear < 0 ? -1 : start(&err);
}

static inline int teardown(void **state)
{
	(void)state;
	stop();
	close(desk.ear);
	if (desk.ear67 >= 0)
		close(desk.ear67);
	return uv_loop_close(&desk.loop);
}

static inline void turn(void)
{
	uv_run(&desk.loop, UV_RUN_NOWAIT);
	usleep(1000);
}

static inline void send_from(uint16_t src_port, uint16_t dst_port,
			     const struct kit_msg *k)
{
	const struct mac all = { .b = { 255, 255, 255, 255, 255, 255 } };
	const struct udp_frame f = { .dst = INADDR_BROADCAST,
				     .src_port = src_port,
				     .dst_port = dst_port };

	assert_int_equal(port67_frame(desk.ear, desk.home, &all, &f, k->bytes,
				      wr_len(&k->w)),
			 0);
}

/* The next message to client n; type 0: nothing came within 'ms'. */
static inline struct dhcp_msg hear(unsigned n, uint64_t ms)
{
	static uint8_t frame[2048];
	uint64_t until_ms = clock_ms() + ms;
	struct dhcp_msg m;
	struct udp_frame f;
	struct rd payload;
	ssize_t len;

	while (clock_ms() < until_ms) {
		turn();
		len = recv(desk.ear, frame, sizeof(frame), MSG_DONTWAIT);
		if (len < 0)
			continue;
		assert_int_equal(
			udp_frame_parse(&f, &payload, frame, (size_t)len), 0);
		assert_int_equal(f.src_port, DHCP_SERVER_PORT);
		assert_int_equal(f.src, desk.conf.addr);
		assert_int_equal(
			dhcp_msg_parse(&m, payload.p, rd_left(&payload)), 0);
		if (!memcmp(m.chaddr, kit_mac(n).b, 6))
			return m;
	}
	return (struct dhcp_msg){ 0 };
}

static inline struct dhcp_msg ask(unsigned n, uint8_t type, __be32 requested,
				  __be32 server_id, uint64_t ms)
{
	struct kit_msg k;

	kit_begin(&k, n, type, 0);
	if (requested)
		dhcp_msg_write_addr(&k.w, DHCP_OPT_REQUESTED, requested);
	if (server_id)
		dhcp_msg_write_addr(&k.w, DHCP_OPT_SERVER_ID, server_id);
	dhcp_msg_write_option(&k.w, DHCP_OPT_HOSTNAME, "tv", 2);
	kit_end(&k);
	send_from(DHCP_CLIENT_PORT, DHCP_SERVER_PORT, &k);
	return hear(n, ms);
}

static inline __be32 get_lease(unsigned n)
{
	struct dhcp_msg m = ask(n, DHCP_DISCOVER, 0, 0, PATIENCE_MS);

	assert_int_equal(m.type, DHCP_OFFER);
	m = ask(n, DHCP_REQUEST, m.yiaddr, desk.conf.addr, PATIENCE_MS);
	assert_int_equal(m.type, DHCP_ACK);
	return m.yiaddr;
}

#endif
