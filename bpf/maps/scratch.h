/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * scratch: key 0; value, per CPU, the event being put together: it does not fit on the stack. Tracepoint programs run
 * with preemption off, so none sees another's.
 */
#ifndef SPANLOOM_MAPS_SCRATCH_H
#define SPANLOOM_MAPS_SCRATCH_H

#include <bpf/bpf_helpers.h>
#include "../contexts/context.h"

/* Segments of an iovec that are looked at. */
#define MAX_SEGMENTS 16

/* struct iovec of user space. */
struct segment {
	__u64 base;
	__u64 length;
};

/* struct msghdr of user space, as far as it is needed. */
struct message_header {
	__u64 name;
	__u32 name_length;
	__u32 padding;
	__u64 segments;
	__u64 segment_count;
};

struct scratch {
	struct spanloom_event event;
	/* Follows the event. Twice the bound, so that a bounded offset plus a bounded length stays inside. */
	__u8 payload[2 * SPANLOOM_MAX_PAYLOAD];
	struct segment segments[MAX_SEGMENTS];
	struct message_header header;
	__u8 address[28]; /* struct sockaddr_in or sockaddr_in6 */
	struct context context;			/* of the call in hand, unless it is kept until it returns */
	__u64 goroutine[SPANLOOM_MAX_GOROUTINE / 8]; /* the first bytes of a goroutine */
	__u64 frames[WAITER_WORDS];		/* the outermost words of its stack */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *this_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

#endif
