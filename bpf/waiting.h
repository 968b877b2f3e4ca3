/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Waiting for one of many descriptors begins a phase: what follows belongs to whatever became ready. */
#ifndef SPANLOOM_WAITING_H
#define SPANLOOM_WAITING_H

#include "maps/threads.h"
#include "syscalls.h"

/* fd_set holds 1024 descriptors. */
#define MAX_SET_WORDS 16

static __always_inline int on_wait_end(struct task_struct *task, long returned)
{
	struct thread_state *thread;

	/* Interrupted: nothing became ready and no time is up. */
	if (returned < 0)
		return 0;
	thread = known_thread(task);
	if (thread)
		begin_phase(thread);
	return 0;
}

/* poll() on one socket is part of reading that socket. */
static __always_inline int on_poll_end(struct pt_regs *regs, struct task_struct *task, long returned)
{
	return (__u32)argument_1(regs) > 1 ? on_wait_end(task, returned) : 0;
}

/* The bits of a set that is not empty, or 0. */
static __always_inline __u64 word_of_set(__u64 set, __u32 index)
{
	__u64 word = 0;

	if (set)
		bpf_probe_read_user(&word, sizeof(word), (void *)(set + index * sizeof(word)));
	return word;
}

/*
 * select() overwrites its sets with the answer: how many descriptors they hold is known only before. The except set does
 * not count.
 */
static __always_inline int on_select_begin(struct pt_regs *regs, struct task_struct *task)
{
	struct thread_state *thread = known_thread(task);
	__u32 words = ((__u32)argument_0(regs) + 63) / 64;
	__u64 read_set = argument_1(regs);
	__u64 write_set = argument_2(regs);
	bool found = false;

	if (!thread)
		return 0;
	thread->call.selects_many = 0;
	for (__u32 index = 0; index < MAX_SET_WORDS && index < words; index++) {
		__u64 word = word_of_set(read_set, index) | word_of_set(write_set, index);

		if (!word)
			continue;
		if (found || word & (word - 1)) {
			thread->call.selects_many = 1;
			break;
		}
		found = true;
	}
	return 0;
}

static __always_inline int on_select_end(struct task_struct *task, long returned)
{
	struct thread_state *thread = known_thread(task);

	if (thread && thread->call.selects_many && returned >= 0)
		begin_phase(thread);
	return 0;
}

#endif
