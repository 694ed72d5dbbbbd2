/* addr.h - hardware and IP addresses, endpoints, prefixes.
 *
 * One 16-byte form serves both families: IPv4 is ::ffff:a.b.c.d (RFC 4291,
 * 2.5.5.2). Prefix lengths count in that form: an IPv4 /24 is 120. */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ADDR_STRLEN	46 /* longest text of an address, NUL included */
#define ENDPOINT_STRLEN 54 /* "[v6]:65535" and NUL */
#define PREFIX_STRLEN	50
#define MAC_STRLEN	18

struct mac {
	uint8_t b[6];
};

struct addr {
	union {
		uint8_t b[16];
		__be32 w[4];
		uint64_t q[2];
	};
};

struct endpoint {
	struct addr addr;
	__be16 port; /* or ICMP id */
};

struct prefix {
	struct addr addr;
	uint8_t len; /* 0..128; IPv4 lengths are 96..128 */
};

static inline struct addr addr_v4(__be32 v4)
{
	struct addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	a.w[3] = v4;
	return a;
}

static inline bool addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(a->b, mapped, sizeof(mapped));
}

static inline __be32 addr_to_v4(const struct addr *a)
{
	return a->w[3];
}

static inline bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static inline bool addr_is_zero(const struct addr *a)
{
	return (!a->q[0] && !a->q[1]) || (addr_is_v4(a) && !a->w[3]);
}

static inline bool mac_eq(const struct mac *a, const struct mac *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

static inline bool mac_is_zero(const struct mac *m)
{
	static const struct mac zero;

	return mac_eq(m, &zero);
}

/* Is it made up by its owner (IEEE 802c), as phones do for each network? */
static inline bool mac_is_random(const struct mac *mac)
{
	return mac->b[0] & 2;
}

/* IPv4 netmask of a plain length 0..32. */
static inline __be32 v4_mask(unsigned len)
{
	return len ? __builtin_bswap32(~0u << (32 - len)) : 0;
}

/* Text to value: whole string or nothing, true when it was one. */
bool addr_parse(const char *s, struct addr *out);
bool mac_parse(const char *s, struct mac *out);
/* "10.77.0.1/24", "fd00::/8". Host bits are kept. */
bool prefix_parse(const char *s, struct prefix *out);
/* "1.2.3.4", "1.2.3.4:53", "::1", "[::1]:53"; the port defaults. */
bool endpoint_parse(const char *s, uint16_t default_port, struct endpoint *out);

/* Value to text; all return 'buf', which holds the size named above. */
char *addr_format(const struct addr *a, char buf[ADDR_STRLEN]);
char *mac_format(const struct mac *m, char buf[MAC_STRLEN]);
char *prefix_format(const struct prefix *p, char buf[PREFIX_STRLEN]);
char *endpoint_format(const struct endpoint *e, char buf[ENDPOINT_STRLEN]);

bool prefix_has(const struct prefix *p, const struct addr *a);
bool prefix_overlap(const struct prefix *a, const struct prefix *b);
/* Host bits cleared. */
struct prefix prefix_network(const struct prefix *p);
/* The IPv4 length 0..32 of an IPv4 prefix. */
static inline unsigned prefix_v4_len(const struct prefix *p)
{
	return p->len < 96 ? 0 : p->len - 96u;
}

#endif
