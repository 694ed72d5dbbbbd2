/* gate_adopt.c - see gate_adopt.h. Control thread only. */
#include "gate_adopt.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/hash.h"

#define PROGRAM_PREFIX "prog_"
#define NAME_BYTES     64

/* No secret: it only has to be the same in the next process. */
static const struct hash_key object_key = { .k = { 0x706f727463756c6cULL,
						   0x6973206761746520ULL } };

uint64_t gate_adopt_hash(const void *elf, size_t len)
{
	return hash_bytes(&object_key, elf, len);
}

/* prog_<hash>_<name> */
static void program_name(char out[NAME_BYTES], const struct bpf_program *prog,
			 uint64_t hash)
{
	snprintf(out, NAME_BYTES, PROGRAM_PREFIX "%016" PRIx64 "_%.32s", hash,
		 bpf_program__name(prog));
}

/* ---- before the object is loaded */

/* A device map is read-only to programs, which the kernel adds by itself. */
static bool map_fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) &&
	       info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) &&
	       (info.map_flags & ~(uint32_t)BPF_F_RDONLY_PROG) ==
		       bpf_map__map_flags(map);
}

int gate_adopt_maps(const struct gate_pins *p, struct bpf_object *obj)
{
	struct bpf_map *map;
	int fd, code;

	bpf_object__for_each_map(map, obj)
	{
		fd = gate_pins_get(p, bpf_map__name(map));
		if (fd < 0)
			return fd;
		code = map_fits(map, fd) ? bpf_map__reuse_fd(map, fd) : -EINVAL;
		close(fd);
		if (code)
			return code;
	}
	return 0;
}

bool gate_adopt_programs(const struct gate_pins *p, struct bpf_object *obj,
			 uint64_t hash)
{
	struct bpf_program *prog;
	char name[NAME_BYTES];
	int fd;

	bpf_object__for_each_program(prog, obj)
	{
		program_name(name, prog, hash);
		fd = gate_pins_get(p, name);
		if (fd < 0)
			return false;
		close(fd);
	}
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, false);
	return true;
}

/* ---- when it is loaded */

static int pin(const struct gate_pins *p, const char *name, int fd)
{
	int code = gate_pins_put(p, name, fd);

	return code == -EEXIST ? 0 : code;
}

static int programs_pin(const struct gate_pins *p, struct bpf_object *obj,
			uint64_t hash, const char **what)
{
	struct bpf_program *prog;
	char name[NAME_BYTES];
	int code;

	bpf_object__for_each_program(prog, obj)
	{
		if (!bpf_program__autoload(prog))
			continue;
		program_name(name, prog, hash);
		*what = bpf_program__name(prog);
		code = pin(p, name, bpf_program__fd(prog));
		if (code)
			return code;
	}
	return 0;
}

int gate_adopt_pin(const struct gate_pins *p, struct bpf_object *obj,
		   uint64_t hash, const char **what)
{
	struct bpf_map *map;
	char ours[NAME_BYTES];
	int code;

	bpf_object__for_each_map(map, obj)
	{
		*what = bpf_map__name(map);
		code = pin(p, *what, bpf_map__fd(map));
		if (code)
			return code;
	}
	snprintf(ours, sizeof(ours), PROGRAM_PREFIX "%016" PRIx64, hash);
	gate_pins_prune(p, PROGRAM_PREFIX, ours);
	return programs_pin(p, obj, hash, what);
}

int gate_adopt_program(const struct gate_pins *p,
		       const struct bpf_program *prog, uint64_t hash)
{
	char name[NAME_BYTES];
	int fd;

	if (!bpf_program__autoload(prog)) {
		program_name(name, prog, hash);
		return gate_pins_get(p, name);
	}
	fd = fcntl(bpf_program__fd(prog), F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}
