/* gate_pins.h - the folder in the BPF filesystem that keeps maps and links.
 *
 * BPFFS/<instance>/v<GATE_ABI>/ holds a map under its name, a program under
 * that of gate_adopt.h and an attachment as link_<ifindex>. For gate*.c alone.
 */
#ifndef LINK_GATE_PINS_H
#define LINK_GATE_PINS_H

#include <stdbool.h>
#include <stdint.h>

#define GATE_PINS_PATH 192 /* bytes of a path, NUL included */

struct gate_pins {
	char root[GATE_PINS_PATH]; /* BPFFS/<instance> */
	char dir[GATE_PINS_PATH];  /* the same, /v<GATE_ABI> */
};

/* Only names the folders. -EINVAL, -ENAMETOOLONG: 'instance' cannot name one.
 */
int gate_pins_init(struct gate_pins *p, const char *bpffs,
		   const char *instance);
/* Makes them. -ENODEV: 'bpffs' is no BPF filesystem. */
int gate_pins_make(const struct gate_pins *p, const char *bpffs);
/* Removes all that is pinned, of every version, and the folders; programs come
 * off their ports. Goes on after an error and returns the first. */
int gate_pins_remove(const struct gate_pins *p);

/* What an earlier run left: is there a folder of this version, of another? */
bool gate_pins_left(const struct gate_pins *p);
bool gate_pins_left_other(const struct gate_pins *p);

/* Pins under a name. -EEXIST: there is one. */
int gate_pins_put(const struct gate_pins *p, const char *name, int fd);
/* Opens what is pinned so; -ENOENT: nothing. */
int gate_pins_get(const struct gate_pins *p, const char *name);
/* Removes the pins that begin with 'prefix' but for those that begin with
 * 'but'. */
void gate_pins_prune(const struct gate_pins *p, const char *prefix,
		     const char *but);
/* Calls back with every attachment that is pinned. */
void gate_pins_links(const struct gate_pins *p,
		     void (*each)(void *arg, uint32_t ifindex), void *arg);
/* Opens the attachment pinned for the port; -ENOENT: none. */
int gate_pins_link_get(const struct gate_pins *p, uint32_t ifindex);
/* Pins an attachment under the port's number. */
int gate_pins_link(const struct gate_pins *p, uint32_t ifindex, int link_fd);
int gate_pins_unlink(const struct gate_pins *p, uint32_t ifindex);
/* Takes the program off its port and closes 'link_fd'. */
void gate_pins_end(int link_fd);

#endif
