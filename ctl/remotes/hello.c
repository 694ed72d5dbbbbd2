/* hello.c - connections whose hello is being put together.
 * Called by gateway/flow_names.c. Control thread. */
#include "hello.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "quic_open.h"

#define OPEN_MAX      256 /* connections being read */
#define SHARE	      64  /* of one device */
#define COALESCED_MAX 4	  /* packets looked at in one datagram */

/* Whose an opening is; apart from it, as all are looked at. */
struct seat {
	uint32_t session, serial; /* serial 0: nobody's */
	struct mac mac;
	uint64_t turn; /* larger is later */
};

struct opening {
	unsigned packets;
	uint32_t seq; /* TCP: of the first byte of all */

	/* QUIC */
	bool keyed;
	uint8_t dcid_len, dcid[QUIC_CID_MAX];
	struct quic_keys keys;

	struct pieces pieces;
};

struct hellos {
	struct seat seats[OPEN_MAX];
	uint64_t turn;
	struct opening open[OPEN_MAX];
	uint8_t buf[PIECES_MAX]; /* scratch */
};

_Static_assert(HELLO_BYTES_MAX <= PIECES_MAX, "an opened packet fits");

struct hellos *hellos_new(void)
{
	return calloc(1, sizeof(struct hellos));
}

void hellos_free(struct hellos *h)
{
	free(h);
}

/* What a connection had is forgotten, but for the bytes themselves. */
static void reset(struct opening *o, const struct hello_packet *p)
{
	memset(o, 0, offsetof(struct opening, pieces));
	o->pieces.prefix = 0;
	memset(o->pieces.got, 0, sizeof(o->pieces.got));
	o->seq = p->seq;
}

static struct seat *older(struct seat *a, struct seat *b)
{
	return a && a->turn < b->turn ? a : b;
}

/* A free one is the oldest of all. */
static struct seat *seat_for(struct hellos *h, const struct mac *mac)
{
	struct seat *all = NULL, *own = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < OPEN_MAX; i++) {
		struct seat *s = &h->seats[i];

		all = older(all, s);
		if (!s->serial || !mac_eq(&s->mac, mac))
			continue;
		own = older(own, s);
		n++;
	}
	return n < SHARE ? all : own;
}

static struct seat *seat_of(struct hellos *h, const struct hello_packet *p)
{
	struct seat *s;

	for (unsigned i = 0; i < OPEN_MAX; i++)
		if (h->seats[i].session == p->session &&
		    h->seats[i].serial == p->serial)
			return &h->seats[i];
	s = seat_for(h, &p->mac);
	*s = (struct seat){ .session = p->session,
			    .serial = p->serial,
			    .mac = p->mac,
			    .turn = ++h->turn };
	reset(&h->open[s - h->seats], p);
	return s;
}

/* ---- TLS */

static int take_tls(struct hellos *h, struct opening *o,
		    const struct hello_packet *p, struct tls_hello *out)
{
	int n;

	pieces_add(&o->pieces, p->seq - o->seq, p->data, p->len);
	n = tls_hello_unwrap(o->pieces.bytes, o->pieces.prefix, h->buf);
	return n < 0 ? n : tls_hello_read(h->buf, (size_t)n, out);
}

/* ---- QUIC */

static bool is_keyed_by(const struct opening *o, const struct quic_initial *i)
{
	return o->keyed && o->dcid_len == i->dcid_len &&
	       !memcmp(o->dcid, i->dcid, i->dcid_len);
}

static bool key(struct opening *o, const struct quic_initial *i)
{
	o->keyed =
		!quic_keys_derive(&o->keys, i->version, i->dcid, i->dcid_len);
	o->dcid_len = i->dcid_len;
	memcpy(o->dcid, i->dcid, sizeof(o->dcid));
	return o->keyed;
}

/* Once the server has spoken, packets go to a connection ID of its own and the
 * keys stay (RFC 9001 5.2); after a Retry they are those of the new one. */
static int open_packet(struct hellos *h, struct opening *o,
		       const uint8_t *packet, const struct quic_initial *i)
{
	int n = -EBADMSG;

	if (o->keyed)
		n = quic_open(&o->keys, packet, i, h->buf);
	if (n < 0 && !is_keyed_by(o, i) && key(o, i))
		n = quic_open(&o->keys, packet, i, h->buf);
	return n;
}

static void take_datagram(struct hellos *h, struct opening *o,
			  const struct hello_packet *p)
{
	const uint8_t *at = p->data;
	size_t left = p->len;

	for (unsigned n = 0; n < COALESCED_MAX && left; n++) {
		struct quic_initial i;
		int rc = quic_initial_read(at, left, &i), len;

		if (rc && rc != -EAGAIN)
			return;
		len = rc ? -EAGAIN : open_packet(h, o, at, &i);
		if (len > 0)
			quic_initial_frames(h->buf, (size_t)len, &o->pieces);
		at += i.len;
		left -= i.len;
	}
}

static int take_quic(struct hellos *h, struct opening *o,
		     const struct hello_packet *p, struct tls_hello *out)
{
	take_datagram(h, o, p);
	return tls_hello_read(o->pieces.bytes, o->pieces.prefix, out);
}

/* ---- both */

bool hellos_take(struct hellos *h, const struct hello_packet *p,
		 struct tls_hello *out)
{
	struct opening *o;
	struct seat *s;
	bool last;
	int rc;

	out->name[0] = '\0';
	if (!p->serial || p->len > HELLO_BYTES_MAX)
		return false;
	s = seat_of(h, p);
	o = &h->open[s - h->seats];
	last = ++o->packets >= HELLO_PACKETS_MAX || p->cut;
	rc = p->quic ? take_quic(h, o, p, out) : take_tls(h, o, p, out);
	if (rc == -EAGAIN && !last)
		return false;
	*s = (struct seat){ 0 };
	/* Of one that is not whole, what came holds. */
	return (!rc || rc == -EAGAIN) && out->name[0];
}
