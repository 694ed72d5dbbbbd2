/* notify.h - tells systemd how the service is (sd_notify(3) protocol). */
#ifndef NOTIFY_H
#define NOTIFY_H

/* Sends "READY=1" or the like to $NOTIFY_SOCKET; without one, nothing. */
void notify(const char *state);

#endif
