/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * many_programs: key enum spanloom_many; value the program that finishes such a call. Apart from the rest because
 * their loops cost the verifier the most: where it refuses them everything else still works. Filled by user space.
 */
#ifndef SPANLOOM_MAPS_MANY_PROGRAMS_H
#define SPANLOOM_MAPS_MANY_PROGRAMS_H

#include <bpf/bpf_helpers.h>
#include "../event.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SPANLOOM_MANY_PROGRAMS);
	__type(key, __u32);
	__type(value, __u32);
} many_programs SEC(".maps");

#endif
