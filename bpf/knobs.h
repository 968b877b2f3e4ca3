/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What user space sets before loading and what it shares while running. */
#ifndef SPANLOOM_KNOBS_H
#define SPANLOOM_KNOBS_H

#include <bpf/bpf_helpers.h>
#include "event.h"

/* Constants to the verifier: branches that they exclude are not even checked. */
const volatile struct spanloom_knobs knobs SEC(".rodata.knobs") = {
	.payload_bytes = 512,
	.continuation_bytes = 32,
	.reads_waiters = 1,
	.traces_unix = 1,
	.reads_wakes = 1,
};

struct spanloom_state state SEC(".data.state") __attribute__((aligned(64))) = {
	.next_event_id = 1,
	.next_socket_id = 1,
	.exclusion_epoch = 1,
};

static __always_inline void count_loss(enum spanloom_loss reason, __u64 count)
{
	__sync_fetch_and_add(&state.losses[reason], count);
}

/* Ids ascend in the order in which calls began (egress) or returned (ingress), over all CPUs. */
static __always_inline __u64 next_event_id(void)
{
	return __sync_fetch_and_add(&state.next_event_id, 1);
}

#endif
