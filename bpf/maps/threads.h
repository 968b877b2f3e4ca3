/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * threads: key a thread (task-local storage, so it ends with the thread and needs no bound); value its causal facts and the
 * call it is in. Made at the thread's first call on an internet socket.
 */
#ifndef SPANLOOM_MAPS_THREADS_H
#define SPANLOOM_MAPS_THREADS_H

#include <bpf/bpf_helpers.h>
#include "../event.h"
#include "../kernel-read.h"
#include "../contexts/context.h"
#include "../contexts/greenlet.h"
#include "../contexts/java-thread.h"
#include "excluded.h"
#include "python-contexts.h"

/* An egress or connect call between its entry and its exit. */
struct call {
	__u64 sock; /* struct sock *; 0: none */
	__u64 time_ns;
	__u64 id;
	__u64 after;
	__u64 phase;
	__u64 connect_id;
	__u64 message_id;
	__u64 previous_message_id; /* what to go back to when the call moves nothing */
	__u64 inode_number;
	struct context context;
	struct spanloom_socket socket;
	__u32 tcp_sequence;
	__s32 file_descriptor;
	__u32 payload_allowed;
	__u32 previous_sequence;
	__u8 previous_direction;
	__u8 selects_many;
};

/*
 * Which answers a thread waited for, as far as it shows in who wakes it. All ids are of events. `woken_after` is written by the
 * threads that wake this one, one after the other, while it sleeps.
 */
struct wakes {
	__u64 request; /* in which the thread read a request last; 0: it has begun to reply, or there is none */
	__u64 answer;  /* in which it has just read the answer to a call; 0: it read, wrote or waited for something else since */
	__u64 asked;   /* the last write on that connection before it */
	__u64 handed_at; /* the answer was read by one that woke this thread, which had slept so often; 0: by itself */
	__u64 woken_after[SPANLOOM_MAX_WOKEN_AFTER]; /* the latest answers of threads that woke this one, since its last event */
	__u32 woken_count; /* how many there were */
	__u32 reserved;
};

struct thread_state {
	__u64 after;
	__u64 phase;
	struct wakes wakes;
	__u64 exclusion_epoch; /* that `excluded` below was looked up in */
	__u64 excluded;
	__u64 runtime_epoch; /* that `runtime` below was looked up in */
	__u64 exec_id;	     /* likewise: the thread may run another program since */
	struct spanloom_program program; /* that was looked up; here, as probes must not use much stack */
	struct spanloom_runtime runtime;
	struct java_thread java; /* of a runtime of this kind */
	struct greenlets greenlets; /* likewise */
	struct call call;
	struct python_context copied; /* a context that is being noted: probes may be preempted, and use no memory per CPU */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_state);
} threads SEC(".maps");

/* The thread's state if it has ever used an internet socket. */
static __always_inline struct thread_state *known_thread(struct task_struct *task)
{
	return bpf_task_storage_get(&threads, (void *)task, 0, 0);
}

/* 1 if the current task is in one of the groups, else 0. */
static __always_inline __u64 is_in_excluded_group(void)
{
	__u64 is_in = 0;

#pragma clang loop unroll(disable)
	for (__u32 slot = 0; slot < SPANLOOM_EXCLUDED_GROUPS; slot++) {
		long is_below = bpf_current_task_under_cgroup(&excluded_groups, slot);

		/* An empty slot is an error, and the ones behind it are empty too. */
		if (is_below < 0)
			break;
		if (is_below > 0) {
			is_in = 1;
			break;
		}
	}
	/* Compilers make a value of several conditions that the verifier does not follow. */
	barrier_var(is_in);
	return is_in;
}

static __always_inline void look_up_exclusion(struct task_struct *task, struct thread_state *thread, __u64 epoch)
{
	__u32 process_id = task->tgid;
	__u64 *started = bpf_map_lookup_elem(&excluded, &process_id);

	thread->exclusion_epoch = epoch;
	thread->excluded = 1;
	if (started && *started == task->group_leader->start_boottime / 10000000)
		return;
	thread->excluded = is_in_excluded_group();
}

/* The state of a thread that is traced; NULL for one that is not. */
static __always_inline struct thread_state *traced_thread(struct task_struct *task)
{
	struct thread_state *thread =
		bpf_task_storage_get(&threads, (void *)task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u64 epoch = state.exclusion_epoch;

	if (!thread) {
		count_loss(SPANLOOM_MAP_FULL, 1);
		return NULL;
	}
	if (thread->exclusion_epoch != epoch)
		look_up_exclusion(task, thread, epoch);
	return thread->excluded ? NULL : thread;
}

/* What follows has another cause than the message read last. */
static __always_inline void begin_phase(struct thread_state *thread)
{
	thread->after = 0;
	thread->wakes.answer = 0;
	thread->phase++;
}

#endif
