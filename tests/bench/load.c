/* load.c - the bench's traffic: one tool, several small acts.
 *
 *   load generate DEV SRC DST DSTMAC SIZE PORTS HOSTS REMOTES SECONDS
 *   load burst DEV SRC DST DSTMAC SIZE PORTS HOSTS REMOTES FRAMES
 *   load sink DEV SECONDS          prints "packets bytes nanoseconds"
 *   load echo udp|tcp ADDR PORT SECONDS
 *   load ask udp|tcp ADDR PORT COUNT
 *                                  prints microseconds, one a line
 *   load soak SECONDS              prints the nanoseconds nobody else wanted
 *
 * Everything ends by itself after SECONDS or COUNT. For namespaces only. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/types.h>
#include <linux/udp.h>

#include "load.h"
#include "load.skel.h"

#define SINK_PORT  9
#define FIRST_PORT 10000
#define BATCH	   64
#define RUN	   (1 << 17) /* frames a call: its end costs some 20 ms */
#define FRAME_MAX  1514
#define CPUS_MAX   256

static int fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- generate */

/* 'size' is the frame without its checksum; UDP's sum is left out (0). */
static void make_frame(struct load_frame *f, unsigned size, const char *dev,
		       char **argv)
{
	char path[64];
	FILE *mac;

	sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &f->eth.h_dest[0],
	       &f->eth.h_dest[1], &f->eth.h_dest[2], &f->eth.h_dest[3],
	       &f->eth.h_dest[4], &f->eth.h_dest[5]);
	snprintf(path, sizeof(path), "/sys/class/net/%s/address", dev);
	mac = fopen(path, "re");
	if (mac) {
		if (fscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx",
			   &f->eth.h_source[0], &f->eth.h_source[1],
			   &f->eth.h_source[2], &f->eth.h_source[3],
			   &f->eth.h_source[4], &f->eth.h_source[5]) != 6)
			fprintf(stderr, "load: %s: no MAC\n", path);
		fclose(mac);
	}
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_UDP;
	f->ip.tot_len = htons((uint16_t)(size - sizeof(f->eth)));
	f->ip.saddr = inet_addr(argv[1]);
	f->ip.daddr = inet_addr(argv[2]);
	f->udp.dest = htons(SINK_PORT);
	f->udp.len = htons((uint16_t)(size - sizeof(f->eth) - sizeof(f->ip)));
}

/* For so many seconds, or 'burst': so many frames, at once. */
static int generate(struct load_bpf *skel, char **argv, bool burst)
{
	static uint8_t data[FRAME_MAX];
	unsigned size = (unsigned)atoi(argv[4]);
	uint64_t until = burst ? 0 : now_ns() + (uint64_t)(atof(argv[8]) * 1e9);
	struct load_walk walk = { .ports = (uint32_t)atoi(argv[5]),
				  .hosts = (uint32_t)atoi(argv[6]),
				  .remotes = (uint32_t)atoi(argv[7]),
				  .port = FIRST_PORT,
				  .host = ntohl(inet_addr(argv[1])),
				  .remote = ntohl(inet_addr(argv[2])) };
	struct xdp_md ctx = { .data_end = size,
			      .ingress_ifindex = if_nametoindex(argv[0]) };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data,
		    .data_size_in = size, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .batch_size = BATCH,
		    .repeat = burst ? atoi(argv[8]) : RUN,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	uint32_t zero = 0;

	if (size < sizeof(struct load_frame) || size > FRAME_MAX ||
	    !walk.ports || !walk.hosts || !walk.remotes) {
		errno = EINVAL;
		return fail("generate");
	}
	make_frame(&walk.frame, size, argv[0], argv);
	bpf_map_update_elem(bpf_map__fd(skel->maps.walks), &zero, &walk, 0);
	do {
		if (bpf_prog_test_run_opts(
			    bpf_program__fd(skel->progs.generate), &opts) &&
		    errno != EAGAIN && errno != EINTR)
			return fail("generate");
	} while (now_ns() < until);
	return 0;
}

/* ---- sink */

static int sink(struct load_bpf *skel)
{
	struct load_count per_cpu[CPUS_MAX], all = { .first_ns = UINT64_MAX };
	int cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;

	if (cpus > CPUS_MAX ||
	    bpf_map_lookup_elem(bpf_map__fd(skel->maps.counts), &zero, per_cpu))
		return fail("counts");
	for (int i = 0; i < cpus; i++) {
		if (!per_cpu[i].packets)
			continue;
		all.packets += per_cpu[i].packets;
		all.bytes += per_cpu[i].bytes;
		if (per_cpu[i].first_ns < all.first_ns)
			all.first_ns = per_cpu[i].first_ns;
		if (per_cpu[i].last_ns > all.last_ns)
			all.last_ns = per_cpu[i].last_ns;
	}
	printf("%llu %llu %llu\n", (unsigned long long)all.packets,
	       (unsigned long long)all.bytes,
	       all.packets ? (unsigned long long)(all.last_ns - all.first_ns)
			   : 0ULL);
	return 0;
}

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Holds 'prog' on 'dev' until the time is up or SIGINT/SIGTERM comes. */
static int hold(struct bpf_program *prog, const char *dev, double seconds)
{
	uint64_t until = now_ns() + (uint64_t)(seconds * 1e9);
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int link = bpf_link_create(bpf_program__fd(prog),
				   (int)if_nametoindex(dev), BPF_XDP, &opts);

	if (link < 0)
		return fail(dev);
	printf("attached\n");
	fflush(stdout);
	while (!stop && now_ns() < until)
		usleep(20000);
	close(link);
	return 0;
}

/* ---- echo, ask */

static struct sockaddr_in address(const char *addr, const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)atoi(port)),
				     .sin_addr.s_addr = inet_addr(addr) };
}

static int echo_udp(int fd, uint64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct sockaddr_in from;
	char buf[2048];

	while (!stop && now_ns() < until) {
		socklen_t len = sizeof(from);
		ssize_t n;

		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from,
			     &len);
		if (n > 0)
			sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from,
			       len);
	}
	return 0;
}

static int echo_tcp(int listener, uint64_t until)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	char buf[2048];
	int one = 1;

	while (!stop && now_ns() < until) {
		ssize_t n;
		int fd;

		if (poll(&p, 1, 100) <= 0)
			continue;
		fd = accept(listener, NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (write(fd, buf, (size_t)n) != n)
				break;
		close(fd);
	}
	return 0;
}

static int echo(char **argv)
{
	bool tcp = !strcmp(argv[0], "tcp");
	struct sockaddr_in at = address(argv[1], argv[2]);
	uint64_t until = now_ns() + (uint64_t)(atof(argv[3]) * 1e9);
	int one = 1, fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    (tcp && listen(fd, 8)))
		return fail("echo");
	printf("listening\n");
	fflush(stdout);
	return tcp ? echo_tcp(fd, until) : echo_udp(fd, until);
}

static int ask(char **argv)
{
	bool tcp = !strcmp(argv[0], "tcp");
	struct sockaddr_in to = address(argv[1], argv[2]);
	int count = atoi(argv[3]), one = 1;
	int fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	struct timeval patience = { .tv_sec = 1 };
	char buf[64] = "ask";

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fail("ask");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (int n = 0; n < count; n++) {
		uint64_t asked = now_ns();

		if (write(fd, buf, sizeof(buf)) < 0)
			return fail("ask");
		if (read(fd, buf, sizeof(buf)) > 0)
			printf("%.1f\n", (double)(now_ns() - asked) / 1000);
	}
	return 0;
}

/* ---- soak */

/* Runs on one core in what nobody else wants of it, and tells how long that
 * was. A clock's tick misses work that comes and goes between two of them, as
 * forwarding does; the scheduler's own clock does not, however fast the core
 * happens to be. */
static uint64_t soak_core(int core, uint64_t until)
{
	struct sched_param idle = { 0 };
	struct timespec had;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof(set), &set) ||
	    sched_setscheduler(0, SCHED_IDLE, &idle))
		return 0;
	while (!stop && now_ns() < until)
		;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &had);
	return (uint64_t)had.tv_sec * 1000000000 + (uint64_t)had.tv_nsec;
}

static int soak(const char *seconds)
{
	uint64_t until = now_ns() + (uint64_t)(atof(seconds) * 1e9);
	uint64_t counted, sum = 0;
	int cores = 0, fds[2];

	if (pipe(fds))
		return fail("soak");
	for (int core = 0; core < CPUS_MAX; core++) {
		cpu_set_t ours;

		if (sched_getaffinity(0, sizeof(ours), &ours) ||
		    !CPU_ISSET(core, &ours))
			continue;
		cores++;
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		counted = soak_core(core, until);
		_exit(write(fds[1], &counted, sizeof(counted)) < 0);
	}
	close(fds[1]);
	while (read(fds[0], &counted, sizeof(counted)) == sizeof(counted)) {
		sum += counted;
		cores--;
	}
	if (cores)
		return fail("soak");
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}

/* ---- main */

static int run_bpf(const char *act, int argc, char **argv)
{
	struct load_bpf *skel = load_bpf__open_and_load();
	int rc = 1;

	if (!skel)
		return fail("programs");
	if (!strcmp(act, "generate") && argc == 9)
		rc = generate(skel, argv, false);
	else if (!strcmp(act, "burst") && argc == 9)
		rc = generate(skel, argv, true);
	else if (!strcmp(act, "sink") && argc == 2)
		rc = hold(skel->progs.sink, argv[0], atof(argv[1])) ||
		     sink(skel);
	else
		fprintf(stderr, "load: see the head of load.c\n");
	load_bpf__destroy(skel);
	return rc;
}

int main(int argc, char **argv)
{
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (argc == 6 && !strcmp(argv[1], "echo"))
		return echo(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "ask"))
		return ask(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "soak"))
		return soak(argv[2]);
	if (argc > 2)
		return run_bpf(argv[1], argc - 2, argv + 2);
	fprintf(stderr, "load: see the head of load.c\n");
	return 2;
}
