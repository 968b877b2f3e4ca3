/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * sendfile and splice: bytes that pass between a socket and a file or pipe without coming to user memory. Nothing of them is
 * captured but their count, so that a message is known to go on.
 */
#ifndef SPANLOOM_TRANSFER_H
#define SPANLOOM_TRANSFER_H

#include "egress.h"

/* Bytes of the socket that splice() read from. */
static __always_inline int on_spliced_ingress(struct pt_regs *regs, struct task_struct *task, long returned)
{
	struct socket_reference reference;
	struct buffers nothing = {};
	struct thread_state *thread;
	struct socket_state *socket;
	struct scratch *scratch;

	if (returned <= 0)
		return 0;
	socket = traced_socket(task, argument_0(regs), &reference, &thread, &scratch);
	if (!socket)
		return 0;
	read_reader(regs, task, thread, scratch, &reference, socket);
	send_ingress(scratch, task, thread, &reference, socket, &nothing, argument_0(regs), returned, FLAG_TRUNCATE,
		     MAX_SEGMENTS);
	return 0;
}

static __always_inline int on_transfer(struct pt_regs *regs, struct task_struct *task, enum action action, long returned)
{
	struct thread_state *thread = known_thread(task);
	struct scratch *scratch;
	struct call *call;

	/* What it wrote to was a socket if its beginning said so. */
	if (!thread || !thread->call.sock)
		return action == SPLICE ? on_spliced_ingress(regs, task, returned) : 0;
	call = &thread->call;
	scratch = this_scratch();
	if (returned <= 0) {
		undo_egress(call);
	} else if (scratch) {
		put_egress_event(&scratch->event, task, thread, returned);
		send_event(scratch, (void *)call->sock, 0);
	}
	call->sock = 0;
	return 0;
}

#endif
