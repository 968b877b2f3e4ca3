/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * connecting: key address of a struct sock whose connect() returned before it was connected; value the connect event, with
 * the thread and the causal facts of that call. From then on until the connection is there or not. Least recently used
 * go first: their outcome is not reported.
 */
#ifndef SPANLOOM_MAPS_CONNECTING_H
#define SPANLOOM_MAPS_CONNECTING_H

#include <bpf/bpf_helpers.h>
#include "../event.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct spanloom_event);
} connecting SEC(".maps");

#endif
