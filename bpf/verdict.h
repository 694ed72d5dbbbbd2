/* verdict.h - what may become of a packet, and the books on what is dropped.
 *
 * The policy (lan.h, wan.h) returns a verdict and knows no carrier; a face
 * (face_xdp.h, face_tc.h) turns it into what its hook understands. Included by
 * gate.bpf.c alone. */
#ifndef GATE_VERDICT_H
#define GATE_VERDICT_H

#include "maps.h"

/* A reason to drop it, or one of these. What is EITHERS the engine answers
 * where it listens, and the kernel else. */
enum verdict { PASS = DROP_REASONS, ENGINE, EITHERS };

static __always_inline void count_drop(__u32 reason, __u32 bytes)
{
	struct gate_count *count = bpf_map_lookup_elem(&drops, &reason);

	if (!count)
		return;
	count->packets++;
	count->bytes += bytes;
}

#endif
