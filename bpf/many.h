/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* recvmmsg and sendmmsg: one event for each datagram of a call. */
#ifndef SPANLOOM_MANY_H
#define SPANLOOM_MANY_H

#include "egress.h"

/* struct mmsghdr of user space: a struct msghdr of 56 bytes, and the bytes moved. */
#define MANY_STRIDE 64
#define MANY_LENGTH_OFFSET 56

/* Where one datagram of the call is, and how long it was; false when that cannot be read. */
static __always_inline bool datagram_of(struct scratch *scratch, struct pt_regs *regs, __u32 index,
					struct buffers *buffers, __u32 *length)
{
	__u64 header = argument_1(regs) + (__u64)index * MANY_STRIDE;

	if (bpf_probe_read_user(length, sizeof(*length), (void *)(header + MANY_LENGTH_OFFSET))) {
		count_loss(SPANLOOM_ARGUMENTS_MISSED, 1);
		return false;
	}
	return message_buffers(scratch, header, buffers);
}

/* How many of the datagrams are looked at; the rest is counted as lost. */
static __always_inline __u32 datagrams_seen(long returned)
{
	if (returned <= MAX_DATAGRAMS)
		return returned;
	count_loss(SPANLOOM_ARGUMENTS_MISSED, returned - MAX_DATAGRAMS);
	return MAX_DATAGRAMS;
}

static __always_inline int on_ingress_many(struct pt_regs *regs, struct task_struct *task, long returned)
{
	struct socket_reference reference;
	struct thread_state *thread;
	struct socket_state *socket;
	struct scratch *scratch;
	__u32 flags = flags_of(regs, INGRESS_MANY);
	__u32 count;

	if (returned <= 0 || flags & (FLAG_PEEK | FLAG_ERROR_QUEUE | FLAG_OUT_OF_BAND))
		return 0;
	socket = traced_socket(task, argument_0(regs), &reference, &thread, &scratch);
	if (!socket)
		return 0;
	read_context(regs, task, thread, scratch, &scratch->context);
	count = datagrams_seen(returned);
	for (__u32 index = 0; index < MAX_DATAGRAMS; index++) {
		struct buffers buffers = {};
		__u32 length;

		if (index >= count || !datagram_of(scratch, regs, index, &buffers, &length))
			break;
		if (length)
			send_ingress(scratch, task, thread, &reference, socket, &buffers, argument_0(regs), length,
				     flags, MAX_DATAGRAM_SEGMENTS);
	}
	return 0;
}

static __always_inline int on_egress_many_end(struct pt_regs *regs, struct task_struct *task, long returned)
{
	struct thread_state *thread = known_thread(task);
	struct spanloom_event *event;
	struct scratch *scratch;
	struct call *call;
	__u32 sequence;
	__u32 count;

	if (!thread || !thread->call.sock)
		return 0;
	call = &thread->call;
	if (returned <= 0)
		undo_egress(call);
	scratch = this_scratch();
	sequence = call->tcp_sequence;
	if (returned > 0 && scratch) {
		event = &scratch->event;
		count = datagrams_seen(returned);
		for (__u32 index = 0; index < MAX_DATAGRAMS; index++) {
			struct buffers buffers = {};
			__u32 wanted;
			__u32 length;

			if (index >= count || !datagram_of(scratch, regs, index, &buffers, &length))
				break;
			begin_egress_event(event, task, thread, index ? next_event_id() : call->id);
			if (index == 0)
				event->connect_id = call->connect_id;
			if (call->socket.transport != SPANLOOM_UDP)
				event->message_id = call->message_id;
			event->length = length;
			event->tcp_sequence = sequence;
			wanted = call->payload_allowed;
			note_written(call, length);
			if (call->socket.transport != SPANLOOM_UDP) {
				/* The rest of a message's first bytes is not worth the sums here. */
				if (index)
					wanted = knobs.continuation_bytes;
				sequence += length;
			}
			if (buffers.name && event->socket.remote_port == 0)
				take_remote(scratch, buffers.name, &event->socket);
			if (wanted > length)
				wanted = length;
			send_event(scratch, (void *)call->sock,
				   copy_payload(scratch, &buffers, wanted, MAX_DATAGRAM_SEGMENTS));
		}
	}
	call->sock = 0;
	return 0;
}

#endif
