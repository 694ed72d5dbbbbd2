/* dns_rdata.c - shapes of record data, and the addresses in them.
 *
 * Called by dns_answer.c. Any thread. Invariant: nothing is read beyond the
 * record's own length, except where a name points back into the message. */
#include "dns_rdata.h"

#include "../base/addr.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define SVCB_IPV4HINT 4
#define SVCB_IPV6HINT 6

/* One letter a field: 1 2 4 that many bytes, n a name, s a string of counted
 * length, S one or more of them, p service parameters, * what is left. */
/* clang-format off */
static const struct shape {
	uint16_t type;
	const char *fields;
} shapes[] = {
	{ DNS_A, "4" },
	{ DNS_NS, "n" },
	{ 3, "n" },		/* MD */
	{ 4, "n" },		/* MF */
	{ DNS_CNAME, "n" },
	{ DNS_SOA, "nn44444" },
	{ 7, "n" },		/* MB */
	{ 8, "n" },		/* MG */
	{ 9, "n" },		/* MR */
	{ DNS_PTR, "n" },
	{ 13, "ss" },		/* HINFO */
	{ 14, "nn" },		/* MINFO */
	{ 15, "2n" },		/* MX */
	{ 16, "S" },		/* TXT */
	{ 17, "nn" },		/* RP */
	{ 18, "2n" },		/* AFSDB */
	{ 21, "2n" },		/* RT */
	{ 26, "2nn" },		/* PX */
	{ DNS_AAAA, "4444" },
	{ 33, "222n" },		/* SRV */
	{ 35, "22sssn" },	/* NAPTR */
	{ 36, "2n" },		/* KX */
	{ 39, "n" },		/* DNAME */
	{ DNS_DS, "211*" },
	{ 46, "2114442n*" },	/* RRSIG */
	{ 47, "n*" },		/* NSEC */
	{ 48, "211*" },		/* DNSKEY */
	{ 50, "112ss*" },	/* NSEC3 */
	{ 51, "112s" },		/* NSEC3PARAM */
	{ DNS_SVCB, "2np" },
	{ DNS_HTTPS, "2np" },
	{ 99, "S" },		/* SPF */
	{ 257, "1s*" },		/* CAA */
};
/* clang-format on */

/* Service parameters: key, length, value; keys ascend (RFC 9460, 2.2). */
static void skip_params(struct rd *r)
{
	int last = -1;

	while (rd_left(r)) {
		int key = rd_be16(r);

		rd_skip(r, rd_be16(r));
		if (key <= last)
			r->bad = true;
		last = key;
	}
}

static void skip_strings(struct rd *r)
{
	do
		rd_skip(r, rd_u8(r));
	while (rd_left(r));
}

static void skip_field(struct rd *r, const uint8_t *msg, char field)
{
	switch (field) {
	case 'n':
		dns_name_skip(r, msg);
		break;
	case 's':
		rd_skip(r, rd_u8(r));
		break;
	case 'S':
		skip_strings(r);
		break;
	case 'p':
		skip_params(r);
		break;
	case '*':
		rd_skip(r, rd_left(r));
		break;
	default:
		rd_skip(r, (size_t)(field - '0'));
	}
}

static const char *fields_of(uint16_t type)
{
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (shapes[i].type == type)
			return shapes[i].fields;
	return "*";
}

bool dns_rdata_well_formed(const uint8_t *msg, const struct dns_rr *rr)
{
	struct rd r = rd_init(msg + rr->rdata_at, rr->rdlen);
	const char *field;

	for (field = fields_of(rr->type); *field; field++)
		skip_field(&r, msg, *field);
	return !r.bad && !rd_left(&r);
}

/* Lengths count in the 16-byte form. Addresses for documentation are not in
 * the list: nothing at home answers there. */
static const struct prefix private_nets[] = {
	{ { .b = { [10] = 0xff, 0xff, 0 } }, 104 },	   /* 0/8 */
	{ { .b = { [10] = 0xff, 0xff, 10 } }, 104 },	   /* RFC 1918 */
	{ { .b = { [10] = 0xff, 0xff, 127 } }, 104 },	   /* loopback */
	{ { .b = { [10] = 0xff, 0xff, 169, 254 } }, 112 }, /* link-local */
	{ { .b = { [10] = 0xff, 0xff, 172, 16 } }, 108 },  /* RFC 1918 */
	{ { .b = { [10] = 0xff, 0xff, 192, 168 } }, 112 }, /* RFC 1918 */
	{ { .b = { 0 } }, 127 },			   /* :: and ::1 */
	{ { .b = { 0xfc } }, 7 },			   /* RFC 4193 */
	{ { .b = { 0xfe, 0x80 } }, 10 },		   /* link-local */
	{ { .b = { 0xfe, 0xc0 } }, 10 },		   /* RFC 3879 */
};

static const struct prefix nat64 = { { .b = { 0, 0x64, 0xff, 0x9b } }, 96 };

static bool lies_in(struct addr a, const struct prefix *nets, size_t n)
{
	size_t i;

	if (prefix_has(&nat64, &a))
		a = addr_v4(a.w[3]);
	for (i = 0; i < n; i++)
		if (prefix_has(&nets[i], &a))
			return true;
	return false;
}

bool dns_addr_private(struct addr a)
{
	return lies_in(a, private_nets, COUNT(private_nets));
}

/* Whether one of the addresses of which 'r' is a row lies in one of 'nets'. */
static bool any_in(struct rd *r, bool v4, const struct prefix *nets, size_t n)
{
	bool found = false;

	while (rd_left(r)) {
		struct addr a = addr_v4(0);

		rd_bytes(r, v4 ? &a.b[12] : a.b, v4 ? 4 : 16);
		found |= !r->bad && lies_in(a, nets, n);
	}
	return found;
}

static bool hint_in(const uint8_t *msg, struct rd *r, const struct prefix *nets,
		    size_t n)
{
	bool found = false;

	rd_be16(r);
	dns_name_skip(r, msg);
	while (rd_left(r)) {
		uint16_t key = rd_be16(r);
		struct rd value = rd_sub(r, rd_be16(r));

		if (key == SVCB_IPV4HINT || key == SVCB_IPV6HINT)
			found |= any_in(&value, key == SVCB_IPV4HINT, nets, n);
	}
	return found;
}

bool dns_rdata_points_into(const uint8_t *msg, const struct dns_rr *rr,
			   const struct prefix *nets, size_t n)
{
	struct rd r = rd_init(msg + rr->rdata_at, rr->rdlen);

	switch (rr->type) {
	case DNS_A:
		return any_in(&r, true, nets, n);
	case DNS_AAAA:
		return any_in(&r, false, nets, n);
	case DNS_SVCB:
	case DNS_HTTPS:
		return hint_in(msg, &r, nets, n);
	default:
		return false;
	}
}

bool dns_rdata_private(const uint8_t *msg, const struct dns_rr *rr)
{
	return dns_rdata_points_into(msg, rr, private_nets,
				     COUNT(private_nets));
}
