/* nft_read.h - what stands in nftables, ours and others'. Control thread only.
 */
#ifndef LINK_NFT_READ_H
#define LINK_NFT_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "nft.h"

#define NFT_NAME_MAX 128

/* A base chain: one that packets come to by a hook. */
struct nft_hooked {
	uint8_t family; /* NFPROTO_* */
	char table[NFT_NAME_MAX];
	char chain[NFT_NAME_MAX];
	uint32_t hook; /* NF_INET_* */
	bool filter;   /* of type filter */
	bool drops;    /* policy drop */
};

/* Rules of table "inet TABLE". -ENOENT: there is no such table. */
int nft_rules_count(const char *table, unsigned *n);
/* Every base chain of families ip, ip6 and inet; 'each' returns a negative
 * value to end with it. -EOPNOTSUPP: no nf_tables. */
int nft_hooked_each(int (*each)(void *arg, const struct nft_hooked *c),
		    void *arg);
/* The handles of the rules of a chain that have this comment: at most 'max'.
 * Returns how many, or -errno; '*all': how many rules it has altogether. */
int nft_rules_find(const struct nft_hooked *c, const char *comment,
		   uint64_t *handles, unsigned max, unsigned *all);

#endif
