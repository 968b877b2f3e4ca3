/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * excluded: key process id; value its start time in hundredths of a second since boot (as /proc tells it), 0 for any.
 * The start time keeps a later process with the same id from being left out too. Written by user space only.
 */
#ifndef SPANLOOM_MAPS_EXCLUDED_H
#define SPANLOOM_MAPS_EXCLUDED_H

#include <bpf/bpf_helpers.h>
#include <linux/types.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} excluded SEC(".maps");

#endif
