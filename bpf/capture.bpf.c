// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The facts of every read- and write-like call on an internet socket (docs: bpf/README.md). Two of the programs are
 * on the tracepoints that all system calls pass: they need no tracefs, get their arguments in registers, and leave again
 * after one table look-up when the call is none of ours. Two are their tail calls for recvmmsg and sendmmsg, two follow
 * the states of TCP sockets, and two are probes: on event loops, and on CPython.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "connection.h"
#include "egress.h"
#include "ends.h"
#include "ingress.h"
#include "maps/many-programs.h"
#include "many.h"
#include "transfer.h"
#include "waiting.h"
#include "waking.h"

/* The kernel knows no name for the pair; without GPL it refuses most of its functions. */
char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sys_exit")
int BPF_PROG(on_recvmmsg, struct pt_regs *regs, long returned)
{
	return on_ingress_many(regs, (void *)bpf_get_current_task_btf(), returned);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sendmmsg, struct pt_regs *regs, long returned)
{
	return on_egress_many_end(regs, (void *)bpf_get_current_task_btf(), returned);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long number)
{
	enum action action = action_of(number);
	struct task_struct *task;

	if (action < EGRESS_PLAIN)
		return 0;
	task = (void *)bpf_get_current_task_btf();
	if (is_compat(task))
		return 0;
	switch (action) {
	case EGRESS_PLAIN:
	case EGRESS_VECTOR:
	case EGRESS_MESSAGE:
	case EGRESS_MANY:
	case SENDFILE:
		return on_egress_begin(regs, task, argument_0(regs));
	case SPLICE:
		return on_egress_begin(regs, task, argument_2(regs));
	case CONNECT:
		return on_connect_begin(regs, task);
	case CLOSE:
		return on_close(regs, task);
	case SELECT:
		return on_select_begin(regs, task);
	default:
		return 0;
	}
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long returned)
{
	enum action action = action_of(syscall_number(regs));
	struct task_struct *task;

	if (action == ACTION_NONE || action == CLOSE)
		return 0;
	task = (void *)bpf_get_current_task_btf();
	if (is_compat(task))
		return 0;
	switch (action) {
	case INGRESS_PLAIN:
	case INGRESS_VECTOR:
	case INGRESS_MESSAGE:
		return on_ingress(regs, task, action, returned);
	case EGRESS_PLAIN:
	case EGRESS_VECTOR:
	case EGRESS_MESSAGE:
		return on_egress_end(regs, task, action, returned);
	case SENDFILE:
	case SPLICE:
		return on_transfer(regs, task, action, returned);
	case INGRESS_MANY:
		bpf_tail_call(ctx, &many_programs, SPANLOOM_MANY_INGRESS);
		return 0;
	case EGRESS_MANY:
		bpf_tail_call(ctx, &many_programs, SPANLOOM_MANY_EGRESS);
		return 0;
	case CONNECT:
		return on_connect_end(regs, task, returned);
	case ACCEPT:
		return on_accept(regs, task, returned);
	case WAIT:
		return on_wait_end(task, returned);
	case POLL:
		return on_poll_end(regs, task, returned);
	case SELECT:
		return on_select_end(task, returned);
	default:
		return 0;
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_socket_state, struct sock *sock, int from, int to)
{
	return on_tcp_state(sock, from, to);
}

/* The kernel frees a socket: one that was closed by its peer before its process ended comes to no other state. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_socket_destroyed, struct sock *sock)
{
	end_socket(sock);
	return 0;
}

/* One thread wakes another. Most wake-ups are of other processes, and this leaves at its first look. */
SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *woken)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	if (woken->tgid != task->tgid)
		return 0;
	return on_wake(task, woken);
}

/* A function of its own so that its parameter gets type information, which a test compares. */
static __noinline bool describe(struct task_struct *task, struct spanloom_process *process)
{
	process->process_id = task->tgid;
	process->reserved = 0;
	process->start_ns = task->start_boottime;
	process->exec_id = task->self_exec_id;
	return program_of(task, &process->program);
}

/* What a process runs, for user space, which looks at programs and has to name them as the kernel does. */
SEC("iter/task")
int describe_process(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct spanloom_process process = {};

	if (!task || task->pid != task->tgid || !describe(task, &process))
		return 0;
	bpf_seq_write(ctx->meta->seq, &process, sizeof(process));
	return 0;
}

/* An event loop turns to callbacks that no socket caused: timers, and what runs after polling. */
SEC("uprobe")
int on_loop_phase(void *registers)
{
	struct thread_state *thread = known_thread((void *)bpf_get_current_task_btf());

	if (thread)
		begin_phase(thread);
	return 0;
}

/*
 * CPython has copied its current context. As any probe this can be preempted by another task in it, so it must not use
 * memory per CPU. Since 6.13 the kernel gives a program that needs 64 bytes of stack or more a stack per CPU, probes too:
 * user space attaches neither probe if it needs that many (native/kernel-programs.cc).
 */
SEC("uretprobe")
int on_python_copy(struct pt_regs *regs)
{
	return on_context_copied((void *)bpf_get_current_task_btf(), returned_pointer(regs));
}
