/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Writes. Id, time, causal facts, sequence and the turn of the socket's direction are taken when the call begins, so that
 * they come before anything the peer or another thread of this process makes of the data; what was really moved, and
 * the payload (resident by then, the kernel has just read it), when the call returns. A call that moved nothing is
 * undone.
 */
#ifndef SPANLOOM_EGRESS_H
#define SPANLOOM_EGRESS_H

#include "ingress.h"

/* What a thread writes says that it waits for nobody, and nobody for it: see waking.h. */
static __always_inline void note_write(struct thread_state *thread, struct socket_state *socket, __u64 id)
{
	note_direction(socket, MESSAGE_EGRESS);
	socket->written_id = id;
	thread->wakes.answer = 0;
	if (!is_outgoing(socket))
		thread->wakes.request = 0;
}

static __always_inline int on_egress_begin(struct pt_regs *regs, struct task_struct *task, int descriptor)
{
	struct socket_reference reference;
	struct thread_state *thread;
	struct socket_state *socket;
	struct scratch *scratch;
	struct call *call;

	socket = traced_socket(task, descriptor, &reference, &thread, &scratch);
	if (!socket)
		return 0;

	call = &thread->call;
	call->sock = (__u64)reference.sock;
	call->time_ns = bpf_ktime_get_ns();
	call->id = next_event_id();
	call->inode_number = reference.inode_number;
	call->tcp_sequence = write_sequence(&reference, socket);
	call->previous_direction = socket->direction;
	call->previous_message_id = socket->message_id;
	call->previous_sequence = socket->message_sequence;
	call->message_id = note_data(socket, call->id, MESSAGE_EGRESS, call->tcp_sequence);
	call->payload_allowed = payload_allowed(socket, call->tcp_sequence);
	call->connect_id = socket->connect_id;
	call->after = thread->after;
	call->phase = thread->phase;
	if (knobs.reads_wakes)
		note_write(thread, socket, call->id);
	if (call->connect_id) {
		call->after = socket->connect_after;
		call->phase = socket->connect_phase;
		socket->connect_id = 0;
	}
	call->file_descriptor = descriptor;
	call->socket = socket->socket;
	read_context(regs, task, thread, scratch, &call->context);
	find_waiters_at_egress(task, thread, scratch, socket, &call->context, call->message_id == call->id);
	return 0;
}

/* A call moved nothing: gives back what on_egress_begin() took in advance. */
static __always_inline void undo_egress(const struct call *call)
{
	struct socket_state *socket = known_socket(call->sock);

	if (!socket || socket->message_id != call->message_id || socket->direction != MESSAGE_EGRESS)
		return;
	if (call->message_id == call->id) {
		socket->direction = call->previous_direction;
		socket->message_id = call->previous_message_id;
		socket->message_sequence = call->previous_sequence;
	}
	if (call->connect_id)
		socket->connect_id = call->connect_id;
}

/* The fields that every event of a call shares. */
static __always_inline void begin_egress_event(struct spanloom_event *event, struct task_struct *task,
					       struct thread_state *thread, __u64 id)
{
	const struct call *call = &thread->call;

	begin_event(event, task, &call->context, SPANLOOM_DATA, SPANLOOM_EGRESS, id, call->time_ns);
	event->socket = call->socket;
	event->file_descriptor = call->file_descriptor;
	set_causes(event, &call->context, call->after, call->phase);
	take_wakes(event, &call->context, thread);
	/* UDP gets its port during the first send. */
	if (event->socket.local_port == 0)
		event->socket.local_port = read_kernel((void *)call->sock, struct sock, __sk_common.skc_num);
}

/* Counts what a call wrote, where nothing else does. */
static __always_inline void note_written(const struct call *call, __u64 length)
{
	if (call->socket.transport == SPANLOOM_UNIX)
		count_written(call->sock, call->inode_number, length);
}

/* The event of a call that moved `length` bytes of one message. */
static __always_inline void put_egress_event(struct spanloom_event *event, struct task_struct *task,
					     struct thread_state *thread, __u64 length)
{
	const struct call *call = &thread->call;

	begin_egress_event(event, task, thread, call->id);
	event->connect_id = call->connect_id;
	event->message_id = call->message_id;
	event->length = length;
	event->tcp_sequence = call->tcp_sequence;
	note_written(call, length);
}

static __always_inline int on_egress_end(struct pt_regs *regs, struct task_struct *task, enum action action,
					 long returned)
{
	struct thread_state *thread = known_thread(task);
	struct spanloom_event *event;
	struct scratch *scratch;
	struct buffers buffers;
	struct call *call;
	__u32 wanted;

	if (!thread || !thread->call.sock)
		return 0;
	call = &thread->call;
	scratch = this_scratch();
	if (returned <= 0) {
		undo_egress(call);
	} else if (scratch && buffers_of(scratch, regs, action, &buffers)) {
		event = &scratch->event;
		put_egress_event(event, task, thread, returned);
		if (buffers.name && event->socket.remote_port == 0)
			take_remote(scratch, buffers.name, &event->socket);
		wanted = call->payload_allowed;
		if (wanted > returned)
			wanted = returned;
		send_event(scratch, (void *)call->sock, copy_payload(scratch, &buffers, wanted, MAX_SEGMENTS));
	}
	call->sock = 0;
	return 0;
}

#endif
