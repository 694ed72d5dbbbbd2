/* test_lane_race.c - slots change hands while packets fly.
 *
 * Few slots and many flows: every few milliseconds some flows leave the lane
 * and others take the slots that they had, thousands of times, while two
 * threads show packets of all flows to both faces, most of them of the flow
 * that is about to leave. Each packet comes out as its own flow's rewrite makes
 * it or as it went in, and at the end each flow's session has been charged what
 * was carried of it, no more and no less, and each device what its flows were.
 *
 * The clock runs faster than the world's: a slot's rest of a second takes
 * REST_STEPS steps of STEP_US, longer than any program runs here either. */
#include "lane_desk.h"

#include <pthread.h>

#define FEW	   24	/* pairs of slots */
#define REUSES	   5000 /* promotions beyond these */
#define STEP_US	   4000
#define REST_STEPS 5
#define SWAPS	   8 /* a step */

struct shooter {
	pthread_t thread;
	const struct desk *d;
	uint64_t random;
	uint64_t packets[FLOWS][WAYS], bytes[FLOWS][WAYS];
	uint64_t carried[FACES], refused[FACES];
	char wrong[160]; /* the first foreign byte, or nothing */
};

static _Atomic bool over;
static _Atomic unsigned target; /* who is about to leave */

static unsigned draw(struct shooter *s, unsigned n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (unsigned)(s->random >> 20) % n;
}

static void judge(struct shooter *s, unsigned k, bool in, enum face face,
		  const struct packet *out)
{
	struct packet mine = leaving(s->d, k, in), same = arriving(s->d, k, in);

	if (out->len == same.len && !memcmp(out->b, same.b, same.len)) {
		s->refused[face]++;
	} else if (out->len == mine.len && !memcmp(out->b, mine.b, mine.len)) {
		s->carried[face]++;
		s->packets[k][in]++;
		s->bytes[k][in] += mine.len - ETHER;
	} else if (!*s->wrong) {
		snprintf(s->wrong, sizeof(s->wrong),
			 "flow %u, %s, %s: rewritten as nobody's or another's",
			 k, in ? "in" : "out", face == TC ? "tc" : "xdp");
	}
}

static void *shoot(void *arg)
{
	struct shooter *s = arg;

	while (!over && !*s->wrong) {
		unsigned k = draw(s, 4) ? target : draw(s, FLOWS);
		enum face face = draw(s, 2) ? TC : XDP;
		bool in = draw(s, 2);
		struct packet p = arriving(s->d, k, in);

		if (desk_run(s->d, face, in, &p))
			snprintf(s->wrong, sizeof(s->wrong), "test run: %s",
				 strerror(errno));
		else
			judge(s, k, in, face, &p);
	}
	return NULL;
}

/* ---- the engine's side */

static unsigned flow_of(const struct desk *d, uint32_t pair)
{
	unsigned k = 0;

	while (d->flows[k].session != d->x->pairs[pair].session)
		k++;
	return k;
}

/* One leaves, and at once another wants in, by one face or the other; a slot
 * that did not rest would be taken while it is still being read. */
static void swap(struct desk *d, struct shooter *s)
{
	uint32_t pair = d->x->live[draw(s, d->x->live_n)];
	unsigned k = draw(s, FLOWS);

	target = flow_of(d, pair);
	usleep(STEP_US / SWAPS);
	d->conf.express.mode = draw(s, 2) ? EXPRESS_TC : EXPRESS_XDP;
	express_end(d->x, pair);
	desk_turn(d); /* takes back who has rested … */
	if (!pair_of(d, k))
		desk_want(d, k);
	desk_turn(d); /* … and gives it to the next */
}

static unsigned change_hands(struct desk *d)
{
	struct shooter dice = { .random = 0x9e3779b97f4a7c15 };
	unsigned joined = 0, before;

	d->x->used = GATE_EXPRESS_PAIRS - FEW;
	desk_promote(d, FEW / 2);
	while (joined < FEW + REUSES) {
		for (unsigned i = 0; i < SWAPS && d->x->live_n; i++) {
			before = d->x->live_n;
			swap(d, &dice);
			joined += d->x->live_n + 1 - before;
		}
		d->now += EXPRESS_REST_MS / REST_STEPS;
		desk_want(d, draw(&dice, FLOWS)); /* or all would rest */
		before = d->x->live_n;
		desk_turn(d);
		joined += d->x->live_n - before;
	}
	while (d->x->live_n)
		express_end(d->x, d->x->live[0]);
	return joined - FEW;
}

/* ---- the books */

static uint64_t of_flow(const struct shooter s[2], unsigned k, bool in,
			bool bytes)
{
	return bytes ? s[0].bytes[k][in] + s[1].bytes[k][in]
		     : s[0].packets[k][in] + s[1].packets[k][in];
}

/* The first packet, which opened it, went by the engine; it counts at its
 * session, and is not the lane's. */
static void check_flow(const struct desk *d, const struct shooter s[2],
		       const struct flow_row *row)
{
	unsigned k = ntohs(row->inside.port) - 20000u;
	struct packet first = arriving(d, k, false);

	assert_in_range(k, 0, FLOWS - 1);
	assert_int_equal(row->tx_packets, 1 + of_flow(s, k, false, false));
	assert_int_equal(row->tx_bytes,
			 first.len - ETHER + of_flow(s, k, false, true));
	assert_int_equal(row->rx_packets, of_flow(s, k, true, false));
	assert_int_equal(row->rx_bytes, of_flow(s, k, true, true));
}

static void check_devices(const struct desk *d, const struct shooter s[2])
{
	struct device_row rows[HOSTS + 1];
	unsigned n = stats_devices(d->egress.stats, rows, HOSTS + 1);

	assert_int_equal(n, HOSTS);
	for (unsigned i = 0; i < n; i++) {
		unsigned host = rows[i].mac.b[5];
		uint64_t out = 0, in = 0;

		for (unsigned k = host; k < FLOWS; k += HOSTS) {
			out += of_flow(s, k, false, true);
			in += of_flow(s, k, true, true);
		}
		assert_int_equal(rows[i].tx_bytes, out);
		assert_int_equal(rows[i].rx_bytes, in);
	}
}

static void check_books(const struct desk *d, const struct shooter s[2])
{
	static struct flow_row rows[2 * FLOWS];
	uint32_t cursor = 0;
	unsigned n = 0;

	nat_flows(d->nat, &cursor, rows, 2 * FLOWS, UINT32_MAX, &n, d->now);
	assert_int_equal(n, FLOWS);
	for (unsigned i = 0; i < n; i++)
		check_flow(d, s, &rows[i]);
	check_devices(d, s);
}

static void test_slots_change_hands_under_traffic(void **state)
{
	static struct shooter shooters[2];
	struct desk *d = *state;
	unsigned reuses;

	for (unsigned i = 0; i < 2; i++) {
		shooters[i].d = d;
		shooters[i].random = 88172645463325252 + i;
		assert_int_equal(pthread_create(&shooters[i].thread, NULL,
						shoot, &shooters[i]),
				 0);
	}
	reuses = change_hands(d);
	usleep(REST_STEPS * STEP_US);
	over = true;
	for (unsigned i = 0; i < 2; i++)
		pthread_join(shooters[i].thread, NULL);
	desk_rest(d); /* what they carried last is read */
	for (unsigned i = 0; i < 2; i++) {
		assert_string_equal(shooters[i].wrong, "");
		for (enum face f = XDP; f < FACES; f++) {
			assert_int_not_equal(shooters[i].carried[f], 0);
			assert_int_not_equal(shooters[i].refused[f], 0);
		}
	}
	check_books(d, shooters);
	print_message(
		"%u slots had another flow; %lu packets carried\n", reuses,
		shooters[0].carried[XDP] + shooters[0].carried[TC] +
			shooters[1].carried[XDP] + shooters[1].carried[TC]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		desk_test(test_slots_change_hands_under_traffic),
	};

	return cmocka_run_group_tests(tests, desk_house, house_close);
}
