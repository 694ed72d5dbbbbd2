/* reply_options.h - the options of an answer, in the client's order. */
#ifndef DHCP_REPLY_OPTIONS_H
#define DHCP_REPLY_OPTIONS_H

#include "dora_reply.h"

/* 'w' has the head of the message and ends where the client's room does. */
void reply_options_write(struct wr *w, const struct dhcp_conf *conf,
			 const struct dhcp_msg *ask,
			 const struct dora_grant *grant);

#endif
