/* traffic.h - what 200 devices with 2,000 remotes each move, second by second.
 *
 * Each second some 700 pairs move something, most of them of a few remotes that
 * a device always talks to, some of any; each of them in some of the second's
 * ten ticks. For history.c alone; the same in every run. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "ctl/base/names.h"
#include "ctl/base/traffic.h"

#define DEVICES 200
#define REMOTES 2000
#define HOODS	20 /* devices of one have their remotes in common */

/* Who moves something in a second, and in which of its ticks, a bit each. */
struct moving {
	struct mac host;
	struct addr remote;
	uint32_t label;
	unsigned ticks;
};

static struct moving moving[DEVICES * 8];
static struct traffic_row rows[DEVICES * 8];
static uint32_t labels[HOODS * REMOTES];
static uint64_t seed = 1;
static struct traffic_sum given; /* in all */

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % sides);
}

/* Of four addresses three are of one name, and one has none. */
static void name_remotes(struct names *names)
{
	char name[32];

	for (uint32_t i = 0; i < HOODS * REMOTES; i++) {
		snprintf(name, sizeof(name), "host%u.example", i / 4);
		labels[i] =
			i % 4 == 3 ? 0 : names_id(names, name, strlen(name));
		names_hold(names, labels[i]);
	}
}

static struct addr address_of(uint32_t remote)
{
	return addr_v4(htonl(0x10000000u + remote));
}

/* A few remotes have most of the traffic, and every one has some. */
static uint32_t remote_of(unsigned device)
{
	uint32_t i = dice(REMOTES), j = dice(REMOTES), k = dice(REMOTES);

	i = i < j ? i : j;
	return dice(4) ? (i < k ? i : k) / 20 + device % HOODS * REMOTES
		       : dice(REMOTES) + device % HOODS * REMOTES;
}

static unsigned ticks_of(void)
{
	unsigned first = dice(10), kind = dice(4);

	if (!kind)
		return 0x3ffu; /* a transfer */
	if (kind == 1)
		return 0x155u << first % 2; /* a page, bit by bit */
	return 3u << first & 0x3ffu;	    /* a question and its answer */
}

static unsigned move(void)
{
	unsigned n = 0;

	for (unsigned d = 0; d < DEVICES; d++)
		for (uint32_t f = dice(8); f; f--) {
			uint32_t remote = remote_of(d);

			moving[n++] = (struct moving){
				.host = { { 2, 0, 0, 0, 0, (uint8_t)d } },
				.remote = address_of(remote),
				.label = labels[remote],
				.ticks = ticks_of(),
			};
		}
	return n;
}

/* A pair is in a tick once; those of a device are neighbours. */
static bool is_there(unsigned n, const struct moving *m)
{
	for (; n && mac_eq(&rows[n - 1].host, &m->host); n--)
		if (addr_eq(&rows[n - 1].remote, &m->remote))
			return true;
	return false;
}

static unsigned make_rows(unsigned moving_n, unsigned tick)
{
	unsigned n = 0;

	for (unsigned i = 0; i < moving_n; i++) {
		struct traffic_sum *sum = &rows[n].sum;

		if (!(moving[i].ticks & 1u << tick) || is_there(n, &moving[i]))
			continue;
		rows[n++] = (struct traffic_row){
			.host = moving[i].host,
			.remote = moving[i].remote,
			.label = moving[i].label,
			.sum = { 60 + dice(1u << 18), 60 + dice(15000),
				 1 + dice(200), 1 + dice(100) },
		};
		given.rx_bytes += sum->rx_bytes;
		given.tx_bytes += sum->tx_bytes;
		given.rx_packets += sum->rx_packets;
		given.tx_packets += sum->tx_packets;
	}
	return n;
}

#endif
