/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which execution context makes the current call. */
#ifndef SPANLOOM_CONTEXTS_READ_H
#define SPANLOOM_CONTEXTS_READ_H

#include "../maps/runtimes.h"
#include "go.h"
#include "python.h"
#include "java.h"

static __always_inline void read_context(struct pt_regs *regs, struct task_struct *task, struct thread_state *thread,
					 struct scratch *scratch, struct context *context)
{
	const struct spanloom_runtime *runtime = runtime_of(task, thread);

	context->kind = SPANLOOM_THREAD;
	context->id = task->pid;
	context->address = 0;
	context->answers_to_count = 0;
	context->ancestor_count = 0;
	if (runtime->kind == SPANLOOM_GOROUTINE)
		read_goroutine(regs, task, scratch, runtime, context);
	else if (runtime->kind == SPANLOOM_PYTHON_CONTEXT)
		read_python_context(task, thread, context);
	else if (runtime->kind == SPANLOOM_VIRTUAL_THREAD)
		read_virtual_thread(thread, context);
}

#endif
