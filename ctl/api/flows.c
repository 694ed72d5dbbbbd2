/* flows.c - one flow as it is told: its ends, and what is known of them; and
 * how the NAT treats all of a protocol.
 *
 * Called by dump.c. Control thread; no state. */
#include <netinet/in.h>
#include <stdio.h>

#include "../base/clock.h"
#include "room.h"
#include "whose.h"

const char *proto_name(uint8_t proto, char number[4])
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	case IPPROTO_GRE:
		return "gre";
	case IPPROTO_ESP:
		return "esp";
	case IPPROTO_SCTP:
		return "sctp";
	}
	snprintf(number, 4, "%u", proto);
	return number;
}

json_t *answer_rtt(uint32_t us)
{
	return us ? json_integer((json_int_t)us) : json_null();
}

/* Who it is between, and where that is. */
static void add_ends(struct api *a, const struct whose *w,
		     const struct flow_row *f, json_t *object)
{
	struct api_house *h = &a->house;
	const struct mac *mac = whose(w, &f->inside.addr);
	const struct addr *remote = &f->remote.addr;
	uint32_t us = rtts_remote(h->rtts(h->arg), remote, clock_ms());
	const char *name = names_text(h->names(h->arg), f->label);

	json_object_set_new(object, "device",
			    mac ? answer_mac(mac) : json_null());
	json_object_set_new(object, "name", answer_text_or_null(name));
	json_object_set_new(object, "country", answer_country(a, remote));
	json_object_set_new(object, "rtt_us", answer_rtt(us));
}

json_t *flow_json(struct api *a, const struct whose *w,
		  const struct flow_row *f)
{
	char number[4], inside[ENDPOINT_STRLEN], outside[ENDPOINT_STRLEN],
		remote[ENDPOINT_STRLEN];
	json_t *object = json_pack(
		"{s:s,s:s,s:s,s:s,s:s?,s:I,s:I,s:I,s:I,s:I,s:I,s:s}", "proto",
		proto_name(f->proto, number), "inside",
		endpoint_format(&f->inside, inside), "outside",
		endpoint_format(&f->outside, outside), "remote",
		endpoint_format(&f->remote, remote), "state", f->state,
		"rx_packets", (json_int_t)f->rx_packets, "tx_packets",
		(json_int_t)f->tx_packets, "rx_bytes", (json_int_t)f->rx_bytes,
		"tx_bytes", (json_int_t)f->tx_bytes, "age_ms",
		(json_int_t)f->age_ms, "idle_ms", (json_int_t)f->idle_ms,
		"carried_by", f->lane ? f->lane : "engine");

	if (object)
		add_ends(a, w, f, object);
	return object;
}

/* ---- the cone */

static const char *const decides[] = {
	[CONE_ADDRESS_AND_PORT] = "address-and-port-dependent",
	[CONE_ADDRESS] = "address-dependent",
	[CONE_INDEPENDENT] = "endpoint-independent",
};

/* As RFC 3489 called them, which people and games still do. */
static const char *type_of(const struct cone_row *c)
{
	static const char *const types[] = {
		[CONE_ADDRESS_AND_PORT] = "port-restricted cone",
		[CONE_ADDRESS] = "restricted cone",
		[CONE_INDEPENDENT] = "full cone",
	};

	return c->mapping == CONE_INDEPENDENT ? types[c->filtering]
					      : "symmetric";
}

json_t *cone_json(const struct cone_row *c)
{
	char number[4];
	const char *proto = proto_name(c->proto, number);

	if (!c->works)
		return json_pack("{s:s,s:n,s:s?}", "proto", proto, "type",
				 "problem", engine_drop_reason(c->drop));
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:n}", "proto", proto,
			 "type", type_of(c), "mapping", decides[c->mapping],
			 "filtering", decides[c->filtering], "port_kept",
			 c->port_kept, "hairpin", c->hairpin, "problem");
}
