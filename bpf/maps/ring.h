/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* ring: no key; values are struct spanloom_event with their payload, in the order in which calls returned. */
#ifndef SPANLOOM_MAPS_RING_H
#define SPANLOOM_MAPS_RING_H

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024 * 1024); /* bytes; knob ringBytes */
} ring SEC(".maps");

#endif
