/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Greenlets (gevent, eventlet), which run on one thread of CPython in turn. The runtime does not know them, but each has a stack
 * of its own: since 3.11 frames are in chunks of memory that PyThreadState points to, and greenlet exchanges that pointer. The
 * first chunk of a stack, its root, stays as long as the stack is used, and names the greenlet; when it has ended, another may
 * get the same.
 *
 * A PyThreadState that is seen with a second root has greenlets. Before that its thread is a thread. That holds for one
 * PyThreadState: programs that embed CPython give a thread another, with another stack, at the same address often.
 */
#ifndef SPANLOOM_CONTEXTS_GREENLET_H
#define SPANLOOM_CONTEXTS_GREENLET_H

#include "../event.h"
#include "context.h"

/* Chunks of a stack, of 16 KiB or more, that are followed: about 600 frames. */
#define STACK_CHUNKS 16

/* What is known of the stacks of a thread. */
struct greenlets {
	__u64 python_state; /* address of the PyThreadState that they belong to; 0: none was seen */
	__u64 state_id;	    /* likewise: PyThreadState.id, which no later one gets */
	__u64 first_root;   /* 0: none was seen */
	__u64 are_several;
};

/* The root of a stack; 0: it has none, has too many chunks, or cannot be read. */
static __noinline __u64 root_of_stack(__u64 chunk)
{
	__u64 previous = 0;

#pragma clang loop unroll(disable)
	for (__u32 step = 0; step < STACK_CHUNKS; step++) {
		/* It is what a chunk begins with. */
		if (bpf_probe_read_user(&previous, sizeof(previous), (void *)chunk))
			return 0;
		if (!previous)
			return chunk;
		chunk = previous;
	}
	return 0;
}

/* The stack is another one than the first that was seen at this address of a PyThreadState. */
static __noinline void note_stack(struct greenlets *greenlets, __u64 state_id, __u64 root)
{
	if (!greenlets)
		return;
	if (greenlets->first_root && greenlets->state_id == state_id) {
		greenlets->are_several = 1;
		return;
	}
	greenlets->state_id = state_id;
	greenlets->first_root = root;
	greenlets->are_several = 0;
}

/* Finds the greenlet that runs on a thread, or the thread. */
static __always_inline void read_greenlet(struct task_struct *task, const struct spanloom_python *python,
					  struct greenlets *greenlets, __u64 python_state, struct context *context)
{
	__u64 chunk, root;

	context->kind = SPANLOOM_THREAD;
	context->id = task->pid;
	if (!python_state || !python->state_stack)
		return;
	if (greenlets->python_state != python_state) {
		greenlets->python_state = python_state;
		greenlets->first_root = 0;
		greenlets->are_several = 0;
	}
	chunk = read_user_word(python_state + python->state_stack);
	/* Most threads have one stack, of one chunk. */
	if (!greenlets->are_several && chunk && chunk == greenlets->first_root)
		return;
	root = root_of_stack(chunk);
	if (root && root != greenlets->first_root)
		note_stack(greenlets, read_user_word(python_state + python->state_id), root);
	if (!greenlets->are_several)
		return;
	context->kind = SPANLOOM_COROUTINE;
	context->id = root & (SPANLOOM_UNSEEN_PYTHON_CONTEXT - 1);
}

#endif
