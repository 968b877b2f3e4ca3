/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Contexts of CPython (contextvars). A pthread key gives each thread its PyThreadState, which says whose it is and points to
 * the PyContext that runs. All of it is the process's own memory: a state that does not name this thread as its owner is not
 * believed.
 *
 * A thread without a state is a thread. So is one that runs in no context, or in its own: a thread gets that when it first
 * uses a variable, never enters it, and keeps it. Since 3.14 threads are begun inside of one that they enter. Greenlets run in no
 * context either, or in their own: greenlet.h.
 *
 * What created any other context is known where its copying was seen. When a context ends its address is used again, by
 * another copy mostly, which is noted instead. What is left are programs that run contexts of their own making,
 * contextvars.Context() or Context.copy(): such a one may be taken for a copy that was at its address before.
 */
#ifndef SPANLOOM_CONTEXTS_PYTHON_H
#define SPANLOOM_CONTEXTS_PYTHON_H

#include "../kernel-types.h"
#include "../maps/python-contexts.h"
#include "../maps/runtimes.h"
#include "context.h"
#include "greenlet.h"

/* The thread's pthread_self(); 0 where that cannot be told. */
static __always_inline __u64 pthread_of(struct task_struct *task)
{
#if defined(__TARGET_ARCH_x86)
	return task->thread.fsbase;
#else
	return 0;
#endif
}

/* Is this context the thread's own? */
static __always_inline bool is_own_context(struct task_struct *task, const struct spanloom_python *python, __u64 address)
{
	__u32 entered = 0;

	bpf_probe_read_user(&entered, sizeof(entered), (void *)(address + python->context_entered));
	if (!entered)
		return true;
	return python->begins_threads && task->pid != task->tgid &&
	       !read_user_word(address + python->context_previous);
}

/*
 * Reads the address of the thread's PyThreadState, 0: it has none, and that of the PyContext that it has entered, 0: it runs by
 * itself. False where its state is not to be believed.
 */
static __always_inline bool entered_context(struct task_struct *task, const struct spanloom_python *python,
					    __u64 *python_state, __u64 *address)
{
	__u64 self = pthread_of(task);

	*address = 0;
	if (bpf_probe_read_user(python_state, sizeof(*python_state), (void *)(self + python->state_distance)))
		return false;
	if (!*python_state)
		return true;
	if (read_user_word(*python_state + python->state_owner) != self)
		return false;
	if (bpf_probe_read_user(address, sizeof(*address), (void *)(*python_state + python->state_context)))
		return false;
	if (*address && is_own_context(task, python, *address))
		*address = 0;
	return true;
}

/* The note of a context whose copying was seen; else NULL. */
static __always_inline struct python_context *known_python_context(struct task_struct *task, __u64 address)
{
	struct python_context_place place = {.address = address, .process_id = task->tgid};

	return bpf_map_lookup_elem(&python_contexts, &place);
}

/* The id of a context whose copying was not seen. */
static __always_inline __u64 unseen_python_context(__u64 address)
{
	return SPANLOOM_UNSEEN_PYTHON_CONTEXT | (address & (SPANLOOM_UNSEEN_PYTHON_CONTEXT - 1));
}

/* Finds the context that makes the current call. */
static __always_inline void read_python_context(struct task_struct *task, struct thread_state *thread, struct context *context)
{
	const struct spanloom_runtime *runtime = &thread->runtime;
	struct python_context *known;
	__u64 python_state, address;

	context->kind = SPANLOOM_PYTHON_CONTEXT;
	context->id = 0;
	if (!runtime->is_readable || !entered_context(task, &runtime->python, &python_state, &address))
		return;
	if (!address) {
		read_greenlet(task, &runtime->python, &thread->greenlets, python_state, context);
		return;
	}
	context->id = unseen_python_context(address);
	known = known_python_context(task, address);
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
	__u64 python_state, address;

	if (!thread || thread->runtime.kind != SPANLOOM_PYTHON_CONTEXT || !thread->runtime.is_readable ||
	    !entered_context(task, &thread->runtime.python, &python_state, &address))
		return false;
	copied = &thread->copied;
	copied->id = next_event_id();
	copied->ancestor_count = 1;
	copied->ancestors[0] = address ? unseen_python_context(address) : task->pid;
	above = address ? known_python_context(task, address) : NULL;
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
