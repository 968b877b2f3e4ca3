/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * python_contexts: key the address of a PyContext in one process; value which context was copied to that place last, and
 * the ones above it, nearest first. Written at each copy (on_python_copy), so that one look-up per event gives all of them.
 * Least recently used go first.
 */
#ifndef SPANLOOM_MAPS_PYTHON_CONTEXTS_H
#define SPANLOOM_MAPS_PYTHON_CONTEXTS_H

#include <bpf/bpf_helpers.h>
#include "../event.h"

struct python_context_place {
	__u64 address;
	__u32 process_id;
	__u32 reserved;
};

struct python_context {
	__u64 id; /* of events: next_event_id() */
	__u64 ancestors[SPANLOOM_MAX_ANCESTORS];
	__u64 ancestor_count;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SPANLOOM_MAX_PYTHON_CONTEXTS);
	__type(key, struct python_context_place);
	__type(value, struct python_context);
} python_contexts SEC(".maps");

#endif
