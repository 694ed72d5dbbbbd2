/* listeners.c - see listeners.h.
 *
 * Called by dns.c. Control thread. */
#include "listeners.h"

#include <arpa/inet.h>
#include <errno.h>

#include "listen_tcp.h"
#include "listen_udp.h"

#define PORT 53

static void close_listener(struct listener *l)
{
	if (l->udp)
		listen_udp_close(l->udp);
	if (l->tcp)
		listen_tcp_close(l->tcp);
}

static int say_why_not(struct error *err, const struct addr *addr, int code)
{
	char buf[ADDR_STRLEN];

	addr_format(addr, buf);
	if (code == -EADDRINUSE)
		return error_set(err, code,
				 "dns: port %d of %s is in use: stop the "
				 "other DNS server",
				 PORT, buf);
	return error_set(err, code, "dns: cannot listen on port %d of %s: %s",
			 PORT, buf, strerror(-code));
}

static int open_listener(const struct listeners *ls, const struct addr *addr,
			 struct listener *out, struct error *err)
{
	struct endpoint at = { *addr, htons(PORT) };
	int code;

	*out = (struct listener){ .addr = *addr };
	code = listen_udp_open(&out->udp, ls->loop, &at, ls->tally,
			       &ls->events);
	if (!code)
		code = listen_tcp_open(&out->tcp, ls->loop, &at, ls->tally,
				       &ls->events);
	if (!code)
		return 0;
	close_listener(out);
	return say_why_not(err, addr, code);
}

static const struct listener *find(const struct listeners *ls,
				   const struct addr *addr)
{
	unsigned i;

	for (i = 0; i < ls->n; i++)
		if (addr_eq(&ls->l[i].addr, addr))
			return &ls->l[i];
	return NULL;
}

bool listeners_has(const struct listeners *ls, const struct addr *addr)
{
	return find(ls, addr);
}

/* Closes those of 'ls' whose address is not in 'keep'. */
static void close_others(struct listeners *ls, const struct listeners *keep)
{
	unsigned i;

	for (i = 0; i < ls->n; i++)
		if (!find(keep, &ls->l[i].addr))
			close_listener(&ls->l[i]);
}

int listeners_set(struct listeners *ls, const struct addr *at, unsigned n,
		  struct error *err)
{
	struct listeners now = *ls;
	unsigned i;

	now.n = 0;
	for (i = 0; i < n; i++) {
		const struct listener *known = find(ls, &at[i]);
		int code = 0;

		if (find(&now, &at[i]))
			continue;
		if (known)
			now.l[now.n] = *known;
		else
			code = open_listener(ls, &at[i], &now.l[now.n], err);
		if (code) {
			close_others(&now, ls);
			return code;
		}
		now.n++;
	}
	close_others(ls, &now);
	*ls = now;
	return 0;
}

void listeners_take(struct listeners *ls, const struct answers_question *q,
		    unsigned n)
{
	const struct listener *l;
	unsigned i;

	for (i = 0; i < ls->n; i++)
		listen_udp_gather(ls->l[i].udp);
	for (i = 0; i < n; i++) {
		l = find(ls, &q[i].to);
		if (l)
			listen_udp_take(l->udp, &q[i]);
		else
			tally_drop(ls->tally, TALLY_NOT_SERVED, q[i].len);
	}
	for (i = 0; i < ls->n; i++)
		listen_udp_flush(ls->l[i].udp);
}

void listeners_close(struct listeners *ls)
{
	unsigned i;

	for (i = 0; i < ls->n; i++)
		close_listener(&ls->l[i]);
	ls->n = 0;
}
