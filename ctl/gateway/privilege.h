/* privilege.h - may this process do what a gateway does? */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include "../base/error.h"

/* -EPERM and a sentence that names the first capability that is missing. */
int privilege_check(struct error *err);

/* As many open files as the machine lets it have: sockets of clients. */
void privilege_take_files(void);

#endif
