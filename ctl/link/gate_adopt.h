/* gate_adopt.h - maps and programs that an earlier run pinned, taken over by
 * this one so that the gate stands while no process does.
 *
 * Programs are pinned under the hash of the object they came from: the same
 * object is not loaded twice, another one replaces them. For gate.c alone. */
#ifndef LINK_GATE_ADOPT_H
#define LINK_GATE_ADOPT_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate_pins.h"

/* Names the object by its bytes. */
uint64_t gate_adopt_hash(const void *elf, size_t len);

/* Gives 'obj', which is not loaded yet, the pinned maps. 0; -ENOENT or -EINVAL:
 * one is missing or of another form, and 'obj' is of no more use. */
int gate_adopt_maps(const struct gate_pins *p, struct bpf_object *obj);
/* Spares 'obj' loading its programs, if those of 'hash' are pinned. */
bool gate_adopt_programs(const struct gate_pins *p, struct bpf_object *obj,
			 uint64_t hash);

/* Pins what 'obj', now loaded, has made anew; drops programs of other objects.
 * 0, or -errno and 'what' names the thing that could not be pinned. */
int gate_adopt_pin(const struct gate_pins *p, struct bpf_object *obj,
		   uint64_t hash, const char **what);
/* A descriptor of the program, loaded or pinned; to be closed. */
int gate_adopt_program(const struct gate_pins *p,
		       const struct bpf_program *prog, uint64_t hash);

#endif
