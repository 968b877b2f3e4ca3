/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Reads. All is done when the call returns: most calls without data (EAGAIN) and calls on other files are out after a
 * few loads, and the sequence follows from where the socket stands now.
 */
#ifndef SPANLOOM_INGRESS_H
#define SPANLOOM_INGRESS_H

#include "contexts/waiters.h"
#include "contexts/read.h"
#include "emit.h"
#include "maps/sockets.h"
#include "maps/streams.h"
#include "payload.h"

#define FLAG_OUT_OF_BAND 0x1
#define FLAG_PEEK 0x2
#define FLAG_TRUNCATE 0x20
#define FLAG_ERROR_QUEUE 0x2000

/* Datagrams of one recvmmsg or sendmmsg, and segments of each, that are looked at. */
#define MAX_DATAGRAMS 8
#define MAX_DATAGRAM_SEGMENTS 2

static __always_inline __u32 flags_of(struct pt_regs *regs, enum action action)
{
	switch (action) {
	case INGRESS_MESSAGE:
		return argument_2(regs);
	case INGRESS_MANY:
		return argument_3(regs);
	case INGRESS_PLAIN:
		return syscall_number(regs) == SYSCALL_RECVFROM ? argument_3(regs) : 0;
	default:
		return 0;
	}
}

/* The socket behind a descriptor of a thread that is traced; NULL where there is none. */
static __always_inline struct socket_state *traced_socket(struct task_struct *task, int descriptor,
							  struct socket_reference *reference,
							  struct thread_state **thread, struct scratch **scratch)
{
	resolve_socket(task, descriptor, reference);
	if (!reference->sock)
		return NULL;
	*thread = traced_thread(task);
	*scratch = this_scratch();
	if (!*thread || !*scratch)
		return NULL;
	return socket_of(reference);
}

/* Leaves in scratch->context who reads, and whose answer that is. */
static __always_inline void read_reader(struct pt_regs *regs, struct task_struct *task, struct thread_state *thread,
					struct scratch *scratch, const struct socket_reference *reference,
					struct socket_state *socket)
{
	read_context(regs, task, thread, scratch, &scratch->context);
	find_waiters_at_ingress(task, thread, scratch, socket, &scratch->context);
	if (scratch->context.address)
		note_reader(socket, (__u64)reference->sock, task->tgid, scratch->context.id);
}

/* What a thread reads says whom it wakes, and by whom it is woken: see waking.h. Before note_data(). */
static __always_inline void note_read(struct thread_state *thread, struct socket_state *socket,
				      const struct context *context, __u64 id)
{
	struct wakes *wakes = &thread->wakes;

	if (!knobs.reads_wakes || !stays_on_thread(context))
		return;
	note_direction(socket, MESSAGE_INGRESS);
	if (!is_outgoing(socket)) {
		wakes->answer = 0;
		wakes->request = id;
		return;
	}
	wakes->answer = id;
	wakes->asked = id - (__u32)((__u32)id - socket->written_id);
	wakes->handed_at = 0;
}

/* One event for `length` bytes that arrived, read by scratch->context. */
static __always_inline void send_ingress(struct scratch *scratch, struct task_struct *task, struct thread_state *thread,
					 const struct socket_reference *reference, struct socket_state *socket,
					 const struct buffers *buffers, int descriptor, __u64 length, __u32 flags,
					 __u32 max_segments)
{
	const struct context *context = &scratch->context;
	struct spanloom_event *event = &scratch->event;
	__u64 id = next_event_id();
	__u32 sequence = read_sequence(reference, length);
	__u64 message_id;
	__u32 wanted;

	note_read(thread, socket, context, id);
	message_id = note_data(socket, id, MESSAGE_INGRESS, sequence);
	wanted = payload_allowed(socket, sequence);
	begin_event(event, task, context, SPANLOOM_DATA, SPANLOOM_INGRESS, id, bpf_ktime_get_ns());
	event->socket = socket->socket;
	event->file_descriptor = descriptor;
	event->message_id = message_id;
	event->length = length;
	set_causes(event, context, thread->after, thread->phase);
	take_wakes(event, context, thread);
	event->tcp_sequence = sequence;
	if (buffers->name && event->socket.remote_port == 0)
		take_remote(scratch, buffers->name, &event->socket);

	if (wanted > length)
		wanted = length;
	/* With MSG_TRUNC TCP throws the bytes away. */
	if (flags & FLAG_TRUNCATE && reference->is_plain_tcp)
		wanted = 0;
	/* Whoever reads the last bytes of a message goes on with its work. */
	if (stays_on_thread(context))
		thread->after = message_id;
	send_event(scratch, reference->sock, wanted ? copy_payload(scratch, buffers, wanted, max_segments) : 0);
}

/*
 * The other end sends nothing more: the message that it sent last is over. Who learns that goes on with its work, unless it
 * has read nothing else since.
 */
static __always_inline void on_end_of_stream(struct pt_regs *regs, struct task_struct *task, struct thread_state *thread,
					     struct scratch *scratch, const struct socket_reference *reference)
{
	struct socket_state *socket = known_socket((__u64)reference->sock);
	struct spanloom_event *event = &scratch->event;

	if (!socket || socket->inode_number != reference->inode_number || reference->transport == SPANLOOM_UDP ||
	    socket->direction != MESSAGE_INGRESS || thread->after == socket->message_id)
		return;
	read_context(regs, task, thread, scratch, &scratch->context);
	if (!stays_on_thread(&scratch->context))
		return;
	begin_event(event, task, &scratch->context, SPANLOOM_DATA, SPANLOOM_INGRESS, next_event_id(),
		    bpf_ktime_get_ns());
	event->socket = socket->socket;
	event->file_descriptor = argument_0(regs);
	event->message_id = socket->message_id;
	set_causes(event, &scratch->context, thread->after, thread->phase);
	thread->after = socket->message_id;
	send_event(scratch, reference->sock, 0);
}

static __always_inline int on_ingress(struct pt_regs *regs, struct task_struct *task, enum action action, long returned)
{
	struct socket_reference reference;
	struct thread_state *thread;
	struct socket_state *socket;
	struct scratch *scratch;
	struct buffers buffers;
	struct inode *inode;
	struct file *file;
	__u32 flags;

	if (returned < 0)
		return 0;
	file = file_of(task, argument_0(regs));
	if (!file)
		return 0;
	inode = inode_of(file);
	if (!is_socket(inode)) {
		if (!returned || !is_anonymous(inode))
			return 0;
		/* Somebody woke this thread: what it does next has that as its cause. */
		thread = known_thread(task);
		if (thread)
			begin_phase(thread);
		return 0;
	}
	flags = flags_of(regs, action);
	if (flags & (FLAG_PEEK | FLAG_ERROR_QUEUE | FLAG_OUT_OF_BAND))
		return 0;
	socket_of_file(file, inode, &reference);
	if (!reference.sock)
		return 0;
	thread = traced_thread(task);
	scratch = this_scratch();
	if (!thread || !scratch)
		return 0;
	if (!returned) {
		/* Not where nothing was asked for. */
		if (action != INGRESS_PLAIN || argument_2(regs))
			on_end_of_stream(regs, task, thread, scratch, &reference);
		return 0;
	}
	socket = socket_of(&reference);
	if (!socket || !buffers_of(scratch, regs, action, &buffers))
		return 0;
	read_reader(regs, task, thread, scratch, &reference, socket);
	send_ingress(scratch, task, thread, &reference, socket, &buffers, argument_0(regs), returned, flags,
		     MAX_SEGMENTS);
	return 0;
}

#endif
