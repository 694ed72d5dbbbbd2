/* fuzz_dns_tap.c - DNS on the data path: any UDP payload, any frame.
 *
 * The first byte says what the rest is: a whole frame, or what a client sends
 * to the gateway's port 53, under headers that are right. What is answered must
 * be a packet that parses again, from the gateway to who asked, with an answer
 * of the same ID in it; what is asked on must be the bytes that came. */
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "ctl/engine/packet/csum.h"
#include "ctl/engine/tap/dns_tap.h"
#include "ctl/engine/packet/parse.h"
#include "ctl/proto/dns_answer.h"

#define FRAME_MAX 2048
#define HEADERS	  42
#define GATEWAY	  0x0a4d0001
#define CLIENT	  0x0a4d0009
#define NOW_MS	  100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct answers *answers;
static struct engine_conf conf;

/* Under each of the four keys that differ by DO and CD. */
static void post(const char *name, unsigned n, unsigned rcode)
{
	struct dns_query q = { .has_question = true,
			       .q = { .type = DNS_A, .class = DNS_IN } };

	dns_name_from_text(&q.q.name, name);
	for (unsigned bits = 0; bits < 4; bits++) {
		struct answer x = { .until_ms = NOW_MS + 1 };
		struct wr w = wr_init(x.bytes, sizeof(x.bytes));
		struct dns_key key;

		q.dnssec_ok = bits & 1;
		q.flags = bits & 2 ? DNS_CD : 0;
		key = dns_key(&q);
		wr_bytes(&w, key.b, key.len);
		w = wr_init(w.p, (size_t)(w.end - w.p));
		dns_reply_write(&w, &q, rcode);
		for (unsigned i = 0; i < n; i++) {
			x.ttl_at[x.ttl_n++] =
				(uint16_t)(wr_len(&w) + q.q.name.len + 4);
			dns_rr_write(&w, &q.q.name, DNS_A, 300, 4);
			wr_be32(&w, 0xc0000201);
		}
		dns_counts_patch(&w, (uint16_t)n, 0, 0);
		x.key_len = key.len;
		x.msg_len = (uint16_t)wr_len(&w);
		answers_post(answers, &x);
	}
}

static void begin(void)
{
	answers = answers_new();
	assert(answers);
	answers_tell_hits(answers, true);
	post("a", 1, DNS_NOERROR);
	post("www.example", 12, DNS_NOERROR);
	post("no.example", 0, DNS_NXDOMAIN);
	conf.lans_n = 1;
	conf.lans[0] = (struct conf_lan){ .addr = htonl(GATEWAY),
					  .net = htonl(GATEWAY & ~255u),
					  .mask = htonl(~255u) };
}

/* A frame of 'len' bytes of payload, without a UDP checksum. */
static uint32_t wrap(uint8_t *frame, const uint8_t *data, size_t len)
{
	struct wr w = wr_init(frame, FRAME_MAX);

	wr_zero(&w, 12);
	wr_be16(&w, 0x0800);
	wr_be32(&w, 0x45000000 | (uint32_t)(len + 28));
	wr_be32(&w, 0);
	wr_be32(&w, 0x40110000);
	wr_be32(&w, CLIENT);
	wr_be32(&w, GATEWAY);
	rewrite_store16(frame + 24, csum_of(frame + 14, 20));
	wr_be32(&w, 5000 << 16 | 53);
	wr_be32(&w, (uint32_t)(len + 8) << 16);
	wr_bytes(&w, data, len);
	assert(!w.bad);
	return (uint32_t)wr_len(&w);
}

static void check_answer(const struct pkt *p, const struct pkt *asked,
			 uint16_t id)
{
	struct pkt again = { .data = p->data, .len = p->len, .room = p->room };
	static struct dns_answer a;

	assert(p->len <= p->room && parse(&again));
	assert(addr_eq(&again.src, &asked->dst));
	assert(addr_eq(&again.dst, &asked->src));
	assert(again.sport == htons(53) && again.dport == asked->sport);
	assert(!dns_answer_read(again.data + again.l4 + 8, again.l3_len - 28u,
				&a));
	assert(a.id == id && again.l3_len <= 28 + DNS_UDP_EDNS);
}

static void check_question(const uint8_t *msg, size_t len)
{
	struct answers_question q;

	assert(answers_next_question(answers, &q));
	assert(q.len <= len && !memcmp(q.msg, msg, q.len));
}

static void take(uint8_t *frame, uint32_t n)
{
	static uint8_t before[FRAME_MAX];
	struct pkt p = { .data = frame, .len = n, .room = FRAME_MAX }, asked;
	struct answers_hit hit;
	uint16_t id;

	if (!parse(&p))
		return;
	asked = p;
	memcpy(before, p.data, p.len);
	p.verdict = VERDICT_FORWARD;
	if (!dns_tap(answers, &conf, &p, 1, NOW_MS)) {
		assert(!memcmp(before, p.data, p.len));
		return;
	}
	id = (uint16_t)(before[asked.l4 + 8] << 8 | before[asked.l4 + 9]);
	if (p.verdict == VERDICT_ANSWERED)
		check_answer(&p, &asked, id);
	else if (p.verdict == VERDICT_HELD)
		check_question(before + asked.l4 + 8, p.len - asked.l4 - 8);
	while (answers_next_hit(answers, &hit))
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t frame[FRAME_MAX];

	if (!answers)
		begin();
	if (!size || size > FRAME_MAX - HEADERS)
		return 0;
	if (data[0] & 1) {
		memcpy(frame, data + 1, size - 1);
		take(frame, (uint32_t)(size - 1));
	} else {
		take(frame, wrap(frame, data + 1, size - 1));
	}
	return 0;
}
