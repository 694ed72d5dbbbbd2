/* asker.c - asks a name server as fast as it answers.
 *
 *   asker DEV SRC SERVER SERVERMAC UNDERWAY SECONDS
 *              prints "A W N": answers a second; wrong ones; questions that had
 *              to be asked anew
 *
 *   asker mirror DEV SECONDS
 *              sends questions that arrive back, as answers
 *
 * Asks for hit000 to hit999 of the bench's zone, so many at once; every answer
 * is looked at. Counts from the second second on. For namespaces only. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/types.h>
#include <linux/udp.h>

#include "asker.h"
#include "asker.skel.h"

#define BATCH	 64
#define CPUS_MAX 256
#define LOOK_US	 50000

static int fail(const char *what)
{
	fprintf(stderr, "asker: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int read_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1],
		      &mac[2], &mac[3], &mac[4], &mac[5]) == 6;
}

static int read_own_mac(const char *dev, uint8_t *mac)
{
	char path[64], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/net/%s/address", dev);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return read_mac(text, mac);
}

static uint16_t ip_sum(const struct iphdr *ip)
{
	uint16_t words[sizeof(*ip) / 2];
	uint32_t sum = 0;

	memcpy(words, ip, sizeof(*ip));
	for (unsigned n = 0; n < sizeof(*ip) / 2; n++)
		sum += words[n];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* UDP's sum is left out (0). */
static int make_frame(struct asker_frame *f, char **argv)
{
	static const uint8_t name[ASKER_QNAME] = "\6hit000\5bench\7example";
	struct iphdr ip;

	*f = (struct asker_frame){ .head.eth.h_proto = htons(ETH_P_IP) };
	ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.tot_len = htons(sizeof(*f) - sizeof(f->head.eth)),
		.saddr = inet_addr(argv[2]),
		.daddr = inet_addr(argv[3]),
	};
	ip.check = ip_sum(&ip);
	f->head.ip = ip;
	f->head.udp.dest = htons(53);
	f->head.udp.len =
		htons(sizeof(*f) - sizeof(f->head.eth) - sizeof(f->head.ip));
	f->head.flags = htons(0x0100); /* RD */
	f->head.questions = f->type = f->class = htons(1);
	memcpy(f->name, name, sizeof(f->name));
	return read_own_mac(argv[1], f->head.eth.h_source) &&
	       read_mac(argv[4], f->head.eth.h_dest);
}

static int counts_of(struct asker_bpf *skel, struct asker_count *all)
{
	struct asker_count per_cpu[CPUS_MAX];
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	*all = (struct asker_count){ 0 };
	if (cpus > CPUS_MAX ||
	    bpf_map_lookup_elem(bpf_map__fd(skel->maps.counts), &zero, per_cpu))
		return 0;
	for (int n = 0; n < cpus; n++) {
		all->answers += per_cpu[n].answers;
		all->wrong += per_cpu[n].wrong;
		all->again += per_cpu[n].again;
	}
	return 1;
}

/* Asks whatever has waited for too long, until the time is up. */
static int keep_asking(struct asker_bpf *skel, int dev, uint64_t until)
{
	static uint8_t data[sizeof(struct asker_frame)];
	struct xdp_md ctx = { .data_end = sizeof(data),
			      .ingress_ifindex = (uint32_t)dev };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data,
		    .data_size_in = sizeof(data), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .batch_size = BATCH,
		    .repeat = (int)skel->rodata->under_way,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	do {
		if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.ask),
					   &opts) &&
		    errno != EAGAIN && errno != EINTR)
			return fail("ask");
		usleep(LOOK_US);
	} while (now_ns() < until);
	return 0;
}

static int run(struct asker_bpf *skel, int dev, double seconds)
{
	struct asker_count before, after;
	uint64_t begun;

	if (keep_asking(skel, dev, now_ns() + 1000000000))
		return 1;
	if (!counts_of(skel, &before))
		return fail("counts");
	begun = now_ns();
	if (keep_asking(skel, dev, begun + (uint64_t)(seconds * 1e9)))
		return 1;
	if (!counts_of(skel, &after))
		return fail("counts");
	printf("%.0f %llu %llu\n",
	       (double)(after.answers - before.answers) * 1e9 /
		       (double)(now_ns() - begun),
	       (unsigned long long)(after.wrong - before.wrong),
	       (unsigned long long)(after.again - before.again));
	return 0;
}

/* Holds 'prog' on 'dev' while it is used. */
static int attach(struct bpf_program *prog, int dev)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);

	return bpf_link_create(bpf_program__fd(prog), dev, BPF_XDP, &opts);
}

static int mirror(struct asker_bpf *skel, int dev, double seconds)
{
	if (attach(skel->progs.mirror, dev) < 0)
		return fail("mirror");
	printf("attached\n");
	fflush(stdout);
	usleep((useconds_t)(seconds * 1e6));
	return 0;
}

static int questions(struct asker_bpf *skel, int dev, char **argv)
{
	struct asker_frame f;
	uint32_t zero = 0;

	if (!make_frame(&f, argv))
		return fail("no MAC");
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.frames), &zero, &f, 0) ||
	    attach(skel->progs.answered, dev) < 0)
		return fail(argv[1]);
	return run(skel, dev, atof(argv[6]));
}

static int open_on(int dev, uint32_t under_way, struct asker_bpf **made)
{
	struct asker_bpf *skel = asker_bpf__open();

	if (!skel)
		return 0;
	skel->rodata->port = (uint32_t)dev;
	skel->rodata->under_way = under_way;
	*made = skel;
	return !asker_bpf__load(skel);
}

int main(int argc, char **argv)
{
	int is_mirror = argc == 4 && !strcmp(argv[1], "mirror");
	const char *name = is_mirror ? argv[2] : argc == 7 ? argv[1] : "";
	uint32_t under_way = argc == 7 ? (uint32_t)atoi(argv[5]) : 1;
	int dev = (int)if_nametoindex(name);
	struct asker_bpf *skel = NULL;
	int rc = 1;

	if (!dev || !under_way || under_way > ASKER_SLOTS) {
		fprintf(stderr, "asker: see the head of asker.c\n");
		return 2;
	}
	if (!open_on(dev, under_way, &skel))
		rc = fail("programs");
	else if (is_mirror)
		rc = mirror(skel, dev, atof(argv[3]));
	else
		rc = questions(skel, dev, argv);
	asker_bpf__destroy(skel);
	return rc;
}
