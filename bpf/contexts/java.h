/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Virtual threads of HotSpot. Thread-local storage of libjvm.so has the JavaThread that the thread is; that has a handle of
 * the java.lang.Thread that it runs, which is its own one or a virtual one. All of it is the process's own memory: it may be
 * anything, so each step is believed only if another one agrees.
 *
 * A java.lang.Thread moves when garbage is collected, while this thread is in a system call. With JDK 24 and later the
 * JavaThread itself has the number of what it runs: the object is looked at only to tell a virtual thread from a thread, and
 * must have that number. With earlier ones the number is read from the object, and counts if no safepoint was or began
 * meanwhile: all collectors but ZGC move objects in safepoints or leave the former ones as they are until the next, and ZGC
 * changes at safepoints which pointers may be followed, and leaves what these point to in its place until then.
 */
#ifndef SPANLOOM_CONTEXTS_JAVA_H
#define SPANLOOM_CONTEXTS_JAVA_H

#include "../kernel-read.h"
#include "../kernel-types.h"
#include "../maps/threads.h"
#include "context.h"

/* Ids of threads are counted from 1: none is above what a number of JavaScript holds. */
#define MAX_TID (1ULL << 53)
/* Namespaces of process ids in each other: MAX_PID_NS_LEVEL of the kernel. */
#define MAX_NAMESPACES 32

/* Where the bits begin of which one is set, in a coloured pointer; the address begins behind that one. */
#define COLOUR_SHIFT 12
#define COLOURS 4

static __always_inline bool load_word(__u64 *word, __u64 address)
{
	return bpf_probe_read_user(word, sizeof(*word), (void *)address) == 0;
}

static __always_inline void set_thread(struct context *context, struct task_struct *task)
{
	context->kind = SPANLOOM_THREAD;
	context->id = task->pid;
}

/* The id of the current thread as itself sees it, which is in a namespace of its own in containers. */
static __always_inline __u32 own_thread_id(struct task_struct *task)
{
	const struct pid *pid = read_kernel(task, struct task_struct, thread_pid);
	__u32 level = read_kernel(pid, struct pid, level);
	const void *number;

	if (level > MAX_NAMESPACES)
		return 0;
	number = (const char *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
	return read_kernel(number, struct upid, nr);
}

#if defined(__TARGET_ARCH_x86)
static __always_inline __u64 thread_pointer(struct task_struct *task)
{
	return task->thread.fsbase;
}
#else
/* User space knows no process of HotSpot here. */
static __always_inline __u64 thread_pointer(struct task_struct *task)
{
	return 0;
}
#endif

/*
 * Address of the thread-local pointer to the Thread of HotSpot. False where it cannot be read; 0: this thread has no such
 * storage, so it has never been one of Java.
 */
static __always_inline bool find_current(struct task_struct *task, const struct spanloom_java *layout, __u64 *at)
{
	__u64 vector;
	__u64 block;

	if (!load_word(&vector, thread_pointer(task) + 8) || !load_word(&block, vector + layout->storage))
		return false;
	/* Storage is made when the thread first uses it. */
	*at = block == 0 || block == ~0ULL ? 0 : block + layout->current_thread;
	return true;
}

/* Is this the Thread of the current thread? */
static __always_inline bool is_own(struct task_struct *task, const struct spanloom_java *layout, __u64 address)
{
	__u64 os_thread;
	__u32 id = 0;

	if (!load_word(&os_thread, address + layout->os_thread))
		return false;
	bpf_probe_read_user(&id, sizeof(id), (void *)(os_thread + layout->os_thread_id));
	return id && id == own_thread_id(task);
}

/* What a handle stands for: a pointer to an object, which the collector keeps up to date. */
static __always_inline bool load_handle(__u64 *pointer, __u64 at)
{
	__u64 handle;

	return load_word(&handle, at) && (!handle || load_word(pointer, handle));
}

/* The address of the object that a pointer leads to; 0: it is no pointer. */
static __always_inline __u64 address_of(const struct spanloom_java *layout, __u64 pointer)
{
	if (layout->pointers != SPANLOOM_JAVA_COLOURED)
		return pointer;
	for (__u32 colour = 0; colour < COLOURS; colour++)
		if ((pointer >> COLOUR_SHIFT & ((1 << COLOURS) - 1)) == 1U << colour)
			return pointer >> (COLOUR_SHIFT + 1 + colour);
	return 0;
}

static __always_inline bool may_be_followed(const struct spanloom_java *layout, __u64 pointer)
{
	__u64 bad_bits;

	if (layout->pointers == SPANLOOM_JAVA_PLAIN)
		return true;
	return load_word(&bad_bits, layout->bad_bits) && bad_bits && !(pointer & bad_bits);
}

/* With a JavaThread that has the number of what it runs. */
static __always_inline void read_by_number(struct task_struct *task, struct java_thread *java, struct context *context)
{
	const struct spanloom_java *layout = &java->layout;
	__u64 pointer = 0;
	__u64 object;
	__u64 number;
	__u64 eetop;
	__u64 tid;

	if (!load_word(&number, java->address + layout->monitor_owner) || !number || number > MAX_TID)
		return;
	if (number == java->own_tid) {
		set_thread(context, task);
		return;
	}
	if (number == java->last_tid) {
		context->id = number;
		return;
	}
	if (!load_handle(&pointer, java->address + layout->virtual_thread))
		return;
	object = address_of(layout, pointer);
	if (!object || !load_word(&tid, object + layout->tid) || tid != number || !load_word(&eetop, object + layout->eetop))
		return;
	if (eetop == java->address) {
		java->own_tid = number;
		set_thread(context, task);
	} else if (!eetop) {
		java->last_tid = number;
		context->id = number;
	}
}

/* The number of what it runs, which `pointer` leads to; 0: that is its own java.lang.Thread. False where it cannot be known. */
static __always_inline bool load_number(const struct java_thread *java, __u64 pointer, __u64 *number)
{
	const struct spanloom_java *layout = &java->layout;
	__u64 platform = 0;
	__u64 object;
	__u64 eetop;

	*number = 0;
	if (!load_handle(&platform, java->address + layout->platform_thread))
		return false;
	if (pointer == platform)
		return true;
	object = address_of(layout, pointer);
	if (!object || !load_word(&eetop, object + layout->eetop))
		return false;
	/* Only the colours were different. No other object has this value. */
	if (eetop == java->address)
		return true;
	return !eetop && may_be_followed(layout, pointer) && load_word(number, object + layout->tid) && *number &&
	       *number <= MAX_TID;
}

/* With one that has only a handle. */
static __always_inline void read_by_object(struct task_struct *task, struct java_thread *java, struct context *context)
{
	const struct spanloom_java *layout = &java->layout;
	__u64 pointer = 0;
	__u64 counter;
	__u64 handle;
	__u64 number;
	__u64 again;

	if (!load_word(&handle, java->address + layout->virtual_thread) || (handle && !load_word(&pointer, handle)) ||
	    !load_word(&counter, layout->safepoint_counter))
		return;
	/* A thread of C that has just begun to call Java has none. */
	if (!pointer) {
		set_thread(context, task);
		return;
	}
	if (pointer != java->last_pointer || counter != java->last_counter) {
		/* A safepoint may have come between the pointer and the count. */
		if (counter & 1 || !load_word(&again, handle) || again != pointer ||
		    !load_number(java, pointer, &number) || !load_word(&again, layout->safepoint_counter) ||
		    again != counter)
			return;
		java->last_pointer = pointer;
		java->last_counter = counter;
		java->last_tid = number;
	}
	if (java->last_tid)
		context->id = java->last_tid;
	else
		set_thread(context, task);
}

/* Not inlined: it is called from many places. */
static __noinline void read_virtual_thread(struct thread_state *thread, struct context *context)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct java_thread *java = &thread->java;
	__u64 methods;
	__u64 address;
	__u64 at;

	context->kind = SPANLOOM_VIRTUAL_THREAD;
	context->id = 0;
	if (!thread->runtime.is_readable)
		return;
	if (!java->layout.thread_methods) {
		set_thread(context, task);
		return;
	}
	at = java->current_at;
	if (!at && !find_current(task, &java->layout, &at))
		return;
	if (!at) {
		set_thread(context, task);
		return;
	}
	if (!load_word(&address, at))
		return;
	if (!address) {
		set_thread(context, task);
		return;
	}
	if (address != java->address) {
		if (!is_own(task, &java->layout, address) || !load_word(&methods, address))
			return;
		/* A thread of the virtual machine itself, as those that collect garbage. */
		if (methods != java->layout.thread_methods) {
			set_thread(context, task);
			return;
		}
		java->current_at = at;
		java->address = address;
		java->own_tid = 0;
		java->last_tid = 0;
		java->last_pointer = 0;
	}
	if (java->layout.monitor_owner)
		read_by_number(task, java, context);
	else
		read_by_object(task, java, context);
}

#endif
