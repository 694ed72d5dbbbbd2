/* mark_rules.c - OUT and IN in the words of nf_tables.
 * Called by whoever writes the carrier's table. Control thread only. In nft's
 * words, where it has them ("PORT" is the mark's low half, "HOST" what is left
 * of it without the kind):
 *
 *   chain rewrite {
 *     type filter hook prerouting priority …; policy accept;
 *     meta mark & KIND == OUT meta l4proto tcp ip saddr set WAN \
 *       tcp sport set PORT
 *     meta mark & KIND == IN meta l4proto tcp ip daddr set NET | HOST \
 *       tcp dport set PORT
 *   }
 *
 * and the same for UDP. Checksums follow by difference, also where the sender
 * left them to its hardware. */
#include "mark_rules.h"

#include <stddef.h>

#include "../../bpf/abi.h"
#include "../../bpf/rewrite.h"

#define CHAIN	   "rewrite"
#define HOST_SHIFT 16
#define HOST_MAX   0xfffu

static const uint32_t none;

static void match_kind(struct nlmsghdr *nlh, uint32_t kind)
{
	const uint32_t mask = GATE_MARK_MASK;

	nft_meta(nlh, NFT_META_MARK);
	nft_bitwise(nlh, &mask, &none, sizeof(mask));
	nft_cmp(nlh, &kind, sizeof(kind));
}

static void match_proto(struct nlmsghdr *nlh, uint8_t proto)
{
	nft_meta(nlh, NFT_META_L4PROTO);
	nft_cmp(nlh, &proto, sizeof(proto));
}

/* The port is in the mark's low half, in the order of the wire: in memory these
 * are the register's first bytes. */
static void write_port(struct nlmsghdr *nlh, uint8_t proto, uint32_t offset)
{
	nft_meta(nlh, NFT_META_MARK);
	nft_payload_write(nlh, NFT_PAYLOAD_TRANSPORT_HEADER, offset,
			  sizeof(__be16),
			  proto == REWRITE_TCP ? TCP_CSUM : UDP_CSUM, false);
}

static void put_out(struct nft_batch *b, const struct mark_rules *m,
		    uint8_t proto)
{
	struct nft_rule r = nft_rule_begin(b, CHAIN);

	match_kind(r.nlh, GATE_MARK_OUT);
	match_proto(r.nlh, proto);
	nft_immediate(r.nlh, &m->wan_addr, sizeof(m->wan_addr));
	nft_payload_write(r.nlh, NFT_PAYLOAD_NETWORK_HEADER, IPV4_SRC,
			  sizeof(m->wan_addr), IPV4_CSUM, true);
	write_port(r.nlh, proto, PORTS_SRC);
	nft_rule_end(b, r);
}

static void put_in(struct nft_batch *b, const struct mark_rules *m,
		   uint8_t proto)
{
	struct prefix lan = prefix_network(&m->lan);
	const __be32 net = addr_to_v4(&lan.addr), any = ~(__be32)0;
	const uint32_t host = HOST_MAX;
	struct nft_rule r = nft_rule_begin(b, CHAIN);

	match_kind(r.nlh, GATE_MARK_IN);
	match_proto(r.nlh, proto);
	nft_meta(r.nlh, NFT_META_MARK);
	nft_shift_right(r.nlh, HOST_SHIFT);
	nft_bitwise(r.nlh, &host, &none, sizeof(host));
	nft_hton32(r.nlh);
	nft_bitwise(r.nlh, &any, &net, sizeof(net));
	nft_payload_write(r.nlh, NFT_PAYLOAD_NETWORK_HEADER, IPV4_DST,
			  sizeof(net), IPV4_CSUM, true);
	write_port(r.nlh, proto, PORTS_DST);
	nft_rule_end(b, r);
}

void mark_rules_put(struct nft_batch *b, int32_t priority,
		    const struct mark_rules *m)
{
	static const uint8_t protos[] = { REWRITE_TCP, REWRITE_UDP };
	const struct nft_base_chain chain = { CHAIN, NF_INET_PRE_ROUTING,
					      priority };

	nft_chain(b, &chain);
	for (unsigned i = 0; i < sizeof(protos); i++) {
		if (m->wan_addr)
			put_out(b, m, protos[i]);
		if (addr_is_v4(&m->lan.addr))
			put_in(b, m, protos[i]);
	}
}
