/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * program_runtimes: key an executable file; value how the contexts of processes that run it are read. By file, not by
 * process: what is known of a program holds for each process from its first call on, processes come and go without a
 * trace here, and an id or a program that changes hands leads to another key. Written by user space only.
 */
#ifndef SPANLOOM_MAPS_RUNTIMES_H
#define SPANLOOM_MAPS_RUNTIMES_H

#include <bpf/bpf_helpers.h>
#include "../event.h"
#include "../kernel-read.h"
#include "java-processes.h"
#include "threads.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SPANLOOM_MAX_PROGRAMS);
	__type(key, struct spanloom_program);
	__type(value, struct spanloom_runtime);
} program_runtimes SEC(".maps");

static __always_inline __u64 modified_ns(struct inode *inode)
{
	if (bpf_core_field_exists(((struct inode *)0)->i_mtime_sec))
		return read_kernel(inode, struct inode, i_mtime_sec) * 1000000000 +
		       read_kernel(inode, struct inode, i_mtime_nsec);
	if (bpf_core_field_exists(((struct inode___before_6_11 *)0)->__i_mtime))
		return BPF_CORE_READ((struct inode___before_6_11 *)inode, __i_mtime.tv_sec) * 1000000000 +
		       BPF_CORE_READ((struct inode___before_6_11 *)inode, __i_mtime.tv_nsec);
	return BPF_CORE_READ((struct inode___before_6_7 *)inode, i_mtime.tv_sec) * 1000000000 +
	       BPF_CORE_READ((struct inode___before_6_7 *)inode, i_mtime.tv_nsec);
}

/* The executable of a task; false where it has none, as threads of the kernel. */
static __always_inline bool program_of(struct task_struct *task, struct spanloom_program *program)
{
	struct mm_struct *memory = read_kernel(task, struct task_struct, mm);
	struct file *file = read_kernel(memory, struct mm_struct, exe_file);
	struct inode *inode = read_kernel(file, struct file, f_inode);

	program->inode = read_kernel(inode, struct inode, i_ino);
	program->bytes = read_kernel(inode, struct inode, i_size);
	program->modified_ns = modified_ns(inode);
	program->device = read_kernel(read_kernel(inode, struct inode, i_sb), struct super_block, s_dev);
	program->reserved = 0;
	return inode != NULL;
}

static __noinline void look_up_runtime(struct thread_state *thread, __u64 epoch)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct spanloom_runtime *known = NULL;

	if (!thread)
		return;
	if (program_of(task, &thread->program))
		known = bpf_map_lookup_elem(&program_runtimes, &thread->program);
	thread->runtime_epoch = epoch;
	if (thread->exec_id != task->self_exec_id)
		thread->greenlets.python_state = 0;
	thread->exec_id = task->self_exec_id;
	if (known)
		thread->runtime = *known;
	else
		thread->runtime.kind = SPANLOOM_THREAD;
	if (thread->runtime.kind == SPANLOOM_VIRTUAL_THREAD)
		thread->runtime.is_readable = look_up_java(task, &thread->java);
}

/* How the contexts of the current thread are read. Two comparisons, unless something has changed. */
static __always_inline const struct spanloom_runtime *runtime_of(struct task_struct *task, struct thread_state *thread)
{
	__u64 epoch = state.runtime_epoch;

	if (thread->runtime_epoch != epoch || thread->exec_id != task->self_exec_id)
		look_up_runtime(thread, epoch);
	return &thread->runtime;
}

#endif
