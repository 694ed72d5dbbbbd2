/* nft.h - writes an nftables table as one netlink transaction, which the kernel
 * applies whole or not at all.
 *
 * A rule is begun, given expressions in order, and ended. Registers: everything
 * works on NFT_REG_1. Control thread only. */
#ifndef LINK_NFT_H
#define LINK_NFT_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <net/if.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nlsock.h"

#define NFT_TABLE_NAME_MAX 64
#define NFT_BATCH_BYTES	   (32 * 1024)
#define NFT_COMMENT_MAX	   64
#define NFT_COMMENT_TYPE   0 /* among a rule's user data */

/* The requests of one transaction, back to back. */
struct nft_batch {
	alignas(struct nlmsghdr) char bytes[NFT_BATCH_BYTES];
	size_t len;
	uint32_t seq;
	const char *table;
	uint8_t family; /* NFPROTO_INET unless it is somebody else's table */
	unsigned rules; /* ended so far */
};

/* A base chain of type filter, with policy accept. */
struct nft_base_chain {
	const char *name;
	uint32_t hook; /* NF_INET_* */
	int32_t priority;
};

struct nft_rule {
	struct nlmsghdr *nlh;
	struct nlattr *list;
};

void nft_begin(struct nft_batch *b, const char *table);
/* 0, or -errno of the first complaint; -EOPNOTSUPP: this kernel has no tables
 * of family inet. */
int nft_send(struct nft_batch *b);

/* NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE */
void nft_table(struct nft_batch *b, uint8_t msg);
void nft_chain(struct nft_batch *b, const struct nft_base_chain *chain);
struct nft_rule nft_rule_begin(struct nft_batch *b, const char *chain);
/* Before all other rules of the chain, with a comment to know it by. */
struct nft_rule nft_rule_begin_first(struct nft_batch *b, const char *chain,
				     const char *comment);
void nft_rule_end(struct nft_batch *b, struct nft_rule r);
void nft_rule_del(struct nft_batch *b, const char *chain, uint64_t handle);

/* ---- expressions: what is looked at */
void nft_meta(struct nlmsghdr *nlh, uint32_t key);
void nft_payload(struct nlmsghdr *nlh, uint32_t base, uint32_t offset,
		 uint32_t len);
void nft_cmp(struct nlmsghdr *nlh, const void *data, size_t len);
void nft_match_ifname(struct nlmsghdr *nlh, uint32_t key, const char *ifname);
/* The packet's mark: (mark & mask) == value. */
void nft_match_mark(struct nlmsghdr *nlh, uint32_t mask, uint32_t value);

/* ---- what is made of it */
/* (register & mask) ^ xor */
void nft_bitwise(struct nlmsghdr *nlh, const void *mask, const void *flip,
		 uint32_t len);
void nft_shift_right(struct nlmsghdr *nlh, uint32_t bits);
void nft_hton32(struct nlmsghdr *nlh);
void nft_immediate(struct nlmsghdr *nlh, const void *data, size_t len);
/* The register's first bytes, to the packet. The checksum at 'csum', counted
 * from the same header, is kept in step; 'pseudo': that of L4, too. */
void nft_payload_write(struct nlmsghdr *nlh, uint32_t base, uint32_t offset,
		       uint32_t len, uint32_t csum, bool pseudo);
void nft_mark_set(struct nlmsghdr *nlh, uint32_t mark);
/* The packet's mark becomes mark & mask. */
void nft_mark_keep(struct nlmsghdr *nlh, uint32_t mask);
void nft_counter(struct nlmsghdr *nlh);
/* NF_DROP, NF_ACCEPT */
void nft_verdict(struct nlmsghdr *nlh, uint32_t verdict);

/* ---- for expressions of a room's own. nf_tables numbers are big-endian. */
struct nft_expr {
	struct nlattr *elem, *data;
};
struct nft_expr nft_expr_begin(struct nlmsghdr *nlh, const char *name);
void nft_expr_end(struct nlmsghdr *nlh, struct nft_expr e);
void nft_put_be32(struct nlmsghdr *nlh, uint16_t type, uint32_t value);

#endif
