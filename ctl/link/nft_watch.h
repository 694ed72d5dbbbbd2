/* nft_watch.h - tells that somebody changed nftables, whoever it was: tables
 * are flushed and reloaded by anybody, at any time. Control thread only. */
#ifndef LINK_NFT_WATCH_H
#define LINK_NFT_WATCH_H

#include <uv.h>

struct nft_watch;

/* 'on_change' is called from the loop, once for all that one read brought.
 * -EOPNOTSUPP: this kernel has no nf_tables. */
int nft_watch_open(struct nft_watch **out, uv_loop_t *loop,
		   void (*on_change)(void *arg), void *arg);
/* Asynchronous as libuv's closing is; freed after the loop ran. */
void nft_watch_close(struct nft_watch *w);

#endif
