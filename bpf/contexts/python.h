/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Contexts of CPython (contextvars). A pthread key gives each thread its PyThreadState, which says whose it is and points to
 * the PyContext that runs. A thread without one, or that never used a context, is a thread. All of it is the process's own
 * memory: a state that does not name this thread as its owner is not believed.
 *
 * What created a context is known where its copying was seen. An address is used again when a context ends, and contexts
 * also begin without being copied: the one of a thread that enters none, which is not `entered`, and since 3.14 the first
 * that a thread enters. Those have no entry in python_contexts, whatever is noted for their address. What is left are
 * programs that run contexts of their own making, contextvars.Context() or Context.copy(): such a context may be taken for
 * a copied one that was at its address before.
 */
#ifndef SPANLOOM_CONTEXTS_PYTHON_H
#define SPANLOOM_CONTEXTS_PYTHON_H

#include "../kernel-types.h"
#include "../maps/python-contexts.h"
#include "../maps/runtimes.h"
#include "context.h"

/* The thread's pthread_self(); 0 where that cannot be told. */
static __always_inline __u64 pthread_of(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return task->thread.fsbase;
#else
	return 0;
#endif
}

/* Reads the current PyContext; 0: there is none. False where the thread's state is not to be believed. */
static __always_inline bool current_python_context(struct task_struct *task, const struct spanloom_python *python,
						   __u64 *address)
{
	__u64 self = pthread_of(task);
	__u64 thread_state;

	*address = 0;
	if (bpf_probe_read_user(&thread_state, sizeof(thread_state), (void *)(self + python->state_distance)))
		return false;
	if (!thread_state)
		return true;
	if (read_user_word(thread_state + python->state_owner) != self)
		return false;
	return bpf_probe_read_user(address, sizeof(*address), (void *)(thread_state + python->state_context)) == 0;
}

/* May this context have been copied? */
static __always_inline bool is_copied(struct task_struct *task, const struct spanloom_python *python, __u64 address)
{
	__u32 entered = 0;

	bpf_probe_read_user(&entered, sizeof(entered), (void *)(address + python->context_entered));
	if (!entered)
		return false;
	return !python->begins_threads || task->pid == task->tgid ||
	       read_user_word(address + python->context_previous) != 0;
}

/* The note of a context whose copying was seen; else NULL. */
static __always_inline struct python_context *known_python_context(struct task_struct *task,
								   const struct spanloom_python *python, __u64 address)
{
	struct python_context_place place = {.address = address, .process_id = task->tgid};

	return is_copied(task, python, address) ? bpf_map_lookup_elem(&python_contexts, &place) : NULL;
}

/* The id of a context whose copying was not seen. */
static __always_inline __u64 unseen_python_context(__u64 address)
{
	return SPANLOOM_UNSEEN_PYTHON_CONTEXT | (address & (SPANLOOM_UNSEEN_PYTHON_CONTEXT - 1));
}

/* Finds the context that makes the current call. */
static __always_inline void read_python_context(struct task_struct *task, const struct spanloom_runtime *runtime,
						struct context *context)
{
	const struct spanloom_python *python = &runtime->python;
	struct python_context *known;
	__u64 address;

	context->kind = SPANLOOM_PYTHON_CONTEXT;
	context->id = 0;
	if (!runtime->is_readable || !current_python_context(task, python, &address))
		return;
	if (!address) {
		context->kind = SPANLOOM_THREAD;
		context->id = task->pid;
		return;
	}
	context->id = unseen_python_context(address);
	known = known_python_context(task, python, address);
	if (!known)
		return;
	context->id = known->id;
	context->ancestor_count = known->ancestor_count;
	__builtin_memcpy(context->ancestors, known->ancestors, sizeof(context->ancestors));
}

/* Functions of their own, so that none needs much stack: on_python_copy in capture.bpf.c says why. */
static __noinline struct thread_state *copying_thread(void)
{
	return traced_thread((void *)bpf_get_current_task_btf());
}

/* Puts together in thread->copied what a copy of the current context is. */
static __noinline bool describe_copy(struct thread_state *thread)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	const struct python_context *above;
	struct python_context *copied;
	__u64 address;

	if (!thread || thread->runtime.kind != SPANLOOM_PYTHON_CONTEXT || !thread->runtime.is_readable ||
	    !current_python_context(task, &thread->runtime.python, &address) || !address)
		return false;
	copied = &thread->copied;
	copied->id = next_event_id();
	copied->ancestor_count = 1;
	copied->ancestors[0] = unseen_python_context(address);
	above = known_python_context(task, &thread->runtime.python, address);
	if (!above)
		return true;
	copied->ancestors[0] = above->id;
	__builtin_memcpy(&copied->ancestors[1], above->ancestors, sizeof(above->ancestors) - sizeof(above->ancestors[0]));
	copied->ancestor_count = above->ancestor_count + 1;
	if (copied->ancestor_count > SPANLOOM_MAX_ANCESTORS)
		copied->ancestor_count = SPANLOOM_MAX_ANCESTORS;
	return true;
}

/*
 * PyContext_CopyCurrent() returns `copy`, a copy of the context that is current. What was noted for a context that was at its
 * place before goes in any case.
 */
static __always_inline int on_context_copied(struct task_struct *task, __u64 copy)
{
	struct python_context_place place = {.address = copy, .process_id = task->tgid};
	struct thread_state *thread = copying_thread();

	if (thread)
		runtime_of(task, thread);
	if (thread && describe_copy(thread))
		bpf_map_update_elem(&python_contexts, &place, &thread->copied, BPF_ANY);
	else
		bpf_map_delete_elem(&python_contexts, &place);
	return 0;
}

#endif
