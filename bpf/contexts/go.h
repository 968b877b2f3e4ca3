/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Goroutines. The thread's local storage (x86_64) or a register (arm64) points to the g that runs; a g points to its m, the
 * runtime's structure of a thread, and that to the goroutine it runs. All of it is the process's own memory: it may be
 * anything, so each step is believed only if the next one agrees.
 */
#ifndef SPANLOOM_CONTEXTS_GO_H
#define SPANLOOM_CONTEXTS_GO_H

#include "../maps/scratch.h"
#include "../kernel-types.h"
#include "context.h"

/* The g that the thread runs; false where it cannot be read. 0: this thread runs no Go. */
static __always_inline bool g_of_thread(struct pt_regs *regs, struct task_struct *task, const struct spanloom_go *go,
					__u64 *g)
{
#if defined(__TARGET_ARCH_x86)
	return bpf_probe_read_user(g, sizeof(*g), (void *)(task->thread.fsbase + go->g_distance)) == 0;
#else
	/* x28. In C code it is anything, so 0 means nothing. */
	*g = regs->regs[28];
	return *g != 0;
#endif
}

/* Copies the beginning of a g to scratch->goroutine. */
static __always_inline bool load_g(struct scratch *scratch, const struct spanloom_go *go, __u64 g)
{
	__u32 bytes = go->g_bytes;

	barrier_var(bytes);
	if (bytes > sizeof(scratch->goroutine))
		return false;
	return bpf_probe_read_user(scratch->goroutine, bytes, (void *)g) == 0;
}

/* A field of the g that was copied. User space has checked the offset; the verifier does not know. */
static __always_inline __u64 loaded_field(const struct scratch *scratch, __u32 offset)
{
	return scratch->goroutine[offset / 8 % (SPANLOOM_MAX_GOROUTINE / 8)];
}

/* Finds the goroutine that makes the current call, and leaves it in scratch->goroutine. */
static __always_inline void read_goroutine(struct pt_regs *regs, struct task_struct *task, struct scratch *scratch,
					   const struct spanloom_runtime *runtime, struct context *context)
{
	const struct spanloom_go *go = &runtime->go;
	__u64 current;
	__u64 g;
	__u64 m;

	context->kind = SPANLOOM_GOROUTINE;
	context->id = 0;
	if (!runtime->is_readable || !g_of_thread(regs, task, go, &g))
		return;
	if (!g) {
		context->kind = SPANLOOM_THREAD;
		context->id = task->pid;
		return;
	}
	if (!load_g(scratch, go, g))
		return;
	m = loaded_field(scratch, go->g_m);
	current = read_user_word(m + go->m_current);
	if (current != g) {
		/* The scheduler's g: it runs C code for a goroutine, or schedules. */
		if (!current || !load_g(scratch, go, current) || loaded_field(scratch, go->g_m) != m)
			return;
	}
	context->id = loaded_field(scratch, go->g_id);
	context->address = context->id ? current : 0;
	context->ancestors[0] = go->g_parent ? loaded_field(scratch, go->g_parent) : 0;
	context->ancestor_count = context->ancestors[0] != 0;
}

#endif
