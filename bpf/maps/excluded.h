/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Who is left out. Never by a name: a process chooses its own. Written by user space only.
 *
 * excluded: key process id; value its start time in hundredths of a second since boot (as /proc tells it), which keeps a
 * later process with the same id from being left out too.
 *
 * excluded_groups: key an index; value a control group (v2) whose processes, and those of groups below it, are left out.
 */
#ifndef SPANLOOM_MAPS_EXCLUDED_H
#define SPANLOOM_MAPS_EXCLUDED_H

#include <bpf/bpf_helpers.h>
#include <linux/types.h>
#include "../event.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} excluded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, SPANLOOM_EXCLUDED_GROUPS);
	__type(key, __u32);
	__type(value, __u32);
} excluded_groups SEC(".maps");

#endif
