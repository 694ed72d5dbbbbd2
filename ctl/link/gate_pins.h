/* gate_pins.h - the folder in the BPF filesystem that keeps maps and links.
 *
 * BPFFS/<instance>/v<GATE_ABI>/ holds a map under its name and an attachment
 * as link_<ifindex>. For gate.c alone. */
#ifndef LINK_GATE_PINS_H
#define LINK_GATE_PINS_H

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

int gate_pins_map(const struct gate_pins *p, const char *name, int map_fd);
/* Pins an attachment under the port's number. */
int gate_pins_link(const struct gate_pins *p, uint32_t ifindex, int link_fd);
int gate_pins_unlink(const struct gate_pins *p, uint32_t ifindex);
/* Takes the program off its port and closes 'link_fd'. */
void gate_pins_end(int link_fd);

#endif
