/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A thread that serves no request reads the answer to a call, and then wakes a thread that serves one: that had waited for the answer
 * (a future, a latch, a queue), and the call was for its request. Unless it only waited for a lock. The saved registers
 * of a sleeping thread tell in which call it sleeps, and those of the other one how it wakes it. Counted is a wake-up by futex() of a
 * thread that waits at the same address, for a condition and not for a lock, with a request that it had read before the last write to the
 * connection of the answer.
 *
 * Who finds done what he asks for is woken by nobody, and of several answers that one waits for together only the last
 * one wakes.
 */
#ifndef SPANLOOM_WAKING_H
#define SPANLOOM_WAKING_H

#include "maps/threads.h"
#include "syscalls.h"

#define FUTEX_COMMAND 0x7f
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_CLOCK_REALTIME 0x100

/* Who waits for a lock that is handed round (CPython's) asks again after some milliseconds. */
#define SHORT_WAIT_NS 50000000ULL

static __always_inline bool is_short_wait(struct pt_regs *waiting)
{
	__u64 deadline[2] = {};
	__u64 timeout = argument_3(waiting);

	/* The deadline is a time on one of two clocks; what is handed round uses the one that does not jump. */
	if (!timeout || argument_1(waiting) & FUTEX_CLOCK_REALTIME ||
	    bpf_probe_read_user(deadline, sizeof(deadline), (void *)timeout))
		return false;
	return deadline[0] * 1000000000ULL + deadline[1] < bpf_ktime_get_ns() + SHORT_WAIT_NS;
}

/*
 * glibc waits for condition variables and semaphores with FUTEX_WAIT_BITSET, before 2.34 for the former with FUTEX_WAIT while they
 * are 0; for mutexes with FUTEX_WAIT while they are 2.
 */
static __always_inline bool is_condition(struct pt_regs *waiting)
{
	__u32 command = argument_1(waiting) & FUTEX_COMMAND;

	return command == FUTEX_WAIT_BITSET || (command == FUTEX_WAIT && (__u32)argument_2(waiting) == 0);
}

/* Both calls are of the same process: addresses compare. */
static __always_inline bool is_condition_met(struct pt_regs *waking, struct pt_regs *waiting)
{
	__u32 command = argument_1(waking) & FUTEX_COMMAND;

	return syscall_number(waking) == SYSCALL_FUTEX && syscall_number(waiting) == SYSCALL_FUTEX &&
	       (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET) && argument_0(waking) == argument_0(waiting) &&
	       is_condition(waiting) && !is_short_wait(waiting);
}

/* The latest ones stay. */
static __always_inline void note_wake(struct wakes *wakes, __u64 answer)
{
	__u32 count = wakes->woken_count;

	if (count && wakes->woken_after[(count - 1) % SPANLOOM_MAX_WOKEN_AFTER] == answer)
		return;
	wakes->woken_after[count % SPANLOOM_MAX_WOKEN_AFTER] = answer;
	wakes->woken_count = count + 1;
}

/*
 * An event loop hands an answer on to a thread of a pool, which serves no request and wakes who waits for the answer. That holds until it
 * sleeps again. Threads that are no loops wake others of their pool for other work.
 */
static __always_inline void hand_on(struct thread_state *thread, struct wakes *wakes, struct task_struct *woken)
{
	if (!thread->phase && !thread->wakes.handed_at)
		return;
	wakes->answer = thread->wakes.answer;
	wakes->asked = thread->wakes.asked;
	wakes->handed_at = woken->nvcsw;
}

/* A thread wakes one of its own process. The kernel holds a lock of the woken one: of several, one after the other is here. */
static __always_inline int on_wake(struct task_struct *task, struct task_struct *woken)
{
	struct thread_state *thread = known_thread(task);
	struct thread_state *other;

	if (!thread || !thread->wakes.answer || thread->wakes.request ||
	    (thread->wakes.handed_at && thread->wakes.handed_at != task->nvcsw))
		return 0;
	other = known_thread(woken);
	if (!other || other == thread || is_compat(task) ||
	    !is_condition_met((void *)bpf_task_pt_regs(task), (void *)bpf_task_pt_regs(woken)))
		return 0;
	if (!other->wakes.request)
		hand_on(thread, &other->wakes, woken);
	else if (other->wakes.request < thread->wakes.asked)
		note_wake(&other->wakes, thread->wakes.answer);
	return 0;
}

#endif
