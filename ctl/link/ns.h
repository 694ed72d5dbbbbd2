/* ns.h - which namespace this process lives in. */
#ifndef LINK_NS_H
#define LINK_NS_H

#define NS_ID_LEN 48

/* Writes "DEVICE:INODE" of the namespace 'kind' ("net", "mnt"), which no other
 * has while it lives. 0 or -errno. */
int ns_id(const char *kind, char out[NS_ID_LEN]);

#endif
