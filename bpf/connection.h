/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Beginning and end of connections: roles, and the causal facts as they were when a connection was asked for. */
#ifndef SPANLOOM_CONNECTION_H
#define SPANLOOM_CONNECTION_H

#include "connecting.h"
#include "contexts/read.h"
#include "emit.h"
#include "maps/sockets.h"
#include "maps/streams.h"
#include "payload.h"

#define ERROR_INTERRUPTED 4
#define ERROR_IS_CONNECTED 106
#define ERROR_ALREADY 114
#define ERROR_IN_PROGRESS 115
/* ERESTARTSYS and its kin: the call begins anew after a signal. */
#define ERROR_RESTART_FIRST 512
#define ERROR_RESTART_LAST 516

static __always_inline int on_connect_begin(struct pt_regs *regs, struct task_struct *task)
{
	struct socket_reference reference;
	struct thread_state *thread;
	struct scratch *scratch;
	struct call *call;

	resolve_socket(task, argument_0(regs), &reference);
	if (!reference.sock)
		return 0;
	thread = traced_thread(task);
	scratch = this_scratch();
	if (!thread || !scratch)
		return 0;
	call = &thread->call;
	read_context(regs, task, thread, scratch, &call->context);
	call->sock = (__u64)reference.sock;
	call->inode_number = reference.inode_number;
	call->time_ns = bpf_ktime_get_ns();
	call->id = next_event_id();
	call->after = thread->after;
	call->phase = thread->phase;
	call->file_descriptor = argument_0(regs);
	call->socket.transport = reference.transport;
	return 0;
}

/* connect() is called again to learn how a connection in progress came out: that is not a new one. */
static __always_inline bool is_same_connection(const struct socket_state *socket,
					       const struct socket_reference *reference)
{
	struct sock *sock = reference->sock;

	return socket && socket->inode_number == reference->inode_number && socket->socket.role == SPANLOOM_CLIENT &&
	       !socket->has_failed &&
	       socket->socket.local_port == read_kernel(sock, struct sock, __sk_common.skc_num) &&
	       socket->socket.remote_port == bpf_ntohs(read_kernel(sock, struct sock, __sk_common.skc_dport));
}

static __always_inline void begin_connect_event(struct spanloom_event *event, struct task_struct *task,
						const struct call *call)
{
	begin_event(event, task, &call->context, SPANLOOM_CONNECT, SPANLOOM_EGRESS, call->id, call->time_ns);
	event->file_descriptor = call->file_descriptor;
	set_causes(event, &call->context, call->after, call->phase);
}

static __always_inline void connected(struct scratch *scratch, struct task_struct *task, const struct call *call,
				      bool in_progress)
{
	struct socket_reference reference = {
		.sock = (void *)call->sock,
		.inode_number = call->inode_number,
		.transport = call->socket.transport,
	};
	struct socket_state *socket = known_socket(call->sock);

	if (is_same_connection(socket, &reference))
		return;
	/* connect() to AF_UNSPEC dissolves the association of a datagram socket. */
	if (reference.transport != SPANLOOM_UNIX && read_kernel(reference.sock, struct sock, __sk_common.skc_dport) == 0) {
		bpf_map_delete_elem(&sockets, &call->sock);
		return;
	}
	socket = add_socket(&reference, SPANLOOM_CLIENT);
	if (!socket)
		return;
	socket->connect_id = call->id;
	socket->connect_after = call->after;
	socket->connect_phase = call->phase;
	begin_connect_event(&scratch->event, task, call);
	scratch->event.socket = socket->socket;
	if (in_progress)
		scratch->event.error = watch_connect(reference.sock, &scratch->event);
	if (scratch->event.error)
		socket->has_failed = 1;
	send_event(scratch, reference.sock, 0);
}

/* The socket itself no longer knows whom it failed to reach. */
static __always_inline void refused(struct scratch *scratch, struct task_struct *task, const struct call *call,
				    __u64 address, __u32 error)
{
	struct spanloom_socket *socket = &scratch->event.socket;
	struct socket_state *known = known_socket(call->sock);
	bool is_reported = known && known->has_failed && known->inode_number == call->inode_number;

	bpf_map_delete_elem(&sockets, &call->sock);
	/* Of Unix sockets neither end is known then, and many programs try whether a server is there. */
	if (is_reported || call->socket.transport == SPANLOOM_UNIX)
		return;
	__builtin_memset(socket, 0, sizeof(*socket));
	begin_connect_event(&scratch->event, task, call);
	describe_socket((void *)call->sock, call->socket.transport, socket);
	socket->socket_id = next_socket_id();
	socket->role = SPANLOOM_CLIENT;
	take_remote(scratch, address, socket);
	scratch->event.error = error;
	send_event(scratch, (void *)call->sock, 0);
}

static __always_inline int on_connect_end(struct pt_regs *regs, struct task_struct *task, long returned)
{
	struct thread_state *thread = known_thread(task);
	struct scratch *scratch = this_scratch();
	struct call *call;
	long error = -returned;

	if (!thread || !scratch || !thread->call.sock)
		return 0;
	call = &thread->call;
	/* An interrupted connect goes on in the background like one in progress. */
	if (error == 0 || error == ERROR_IN_PROGRESS || error == ERROR_INTERRUPTED)
		connected(scratch, task, call, error != 0);
	else if (error != ERROR_ALREADY && error != ERROR_IS_CONNECTED &&
		 (error < ERROR_RESTART_FIRST || error > ERROR_RESTART_LAST))
		refused(scratch, task, call, argument_1(regs), error);
	call->sock = 0;
	return 0;
}

static __always_inline int on_accept(struct pt_regs *regs, struct task_struct *task, long returned)
{
	struct socket_reference reference;
	struct spanloom_event *event;
	struct thread_state *thread;
	struct socket_state *socket;
	struct scratch *scratch;

	if (returned < 0)
		return 0;
	resolve_socket(task, returned, &reference);
	if (!reference.sock)
		return 0;
	thread = traced_thread(task);
	scratch = this_scratch();
	if (!thread || !scratch)
		return 0;
	socket = add_socket(&reference, SPANLOOM_SERVER);
	if (!socket)
		return 0;
	event = &scratch->event;
	read_context(regs, task, thread, scratch, &scratch->context);
	begin_event(event, task, &scratch->context, SPANLOOM_ACCEPT, SPANLOOM_INGRESS, next_event_id(), bpf_ktime_get_ns());
	event->socket = socket->socket;
	event->file_descriptor = returned;
	set_causes(event, &scratch->context, thread->after, thread->phase);
	send_event(scratch, reference.sock, 0);
	return 0;
}

/* The end of a socket that is known. A descriptor that others share ends nothing. */
static __always_inline int on_close(struct pt_regs *regs, struct task_struct *task)
{
	struct file *file = file_of(task, argument_0(regs));
	struct socket_reference reference;
	struct spanloom_event *event;
	struct thread_state *thread;
	struct socket_state *socket;
	struct scratch *scratch;
	struct inode *inode;
	__u64 key;

	if (!file)
		return 0;
	inode = inode_of(file);
	if (!is_socket(inode))
		return 0;
	socket_of_file(file, inode, &reference);
	if (!reference.sock)
		return 0;
	key = (__u64)reference.sock;
	socket = known_socket(key);
	scratch = this_scratch();
	if (!socket || socket->inode_number != reference.inode_number || !scratch || !is_last_reference(file))
		return 0;
	/* Still connecting: the change of its state shows whether the connection comes first. */
	if (reference.transport == SPANLOOM_TCP && state_of(reference.sock) == STATE_SYN_SENT)
		return 0;
	thread = traced_thread(task);
	if (thread && !socket->has_failed) {
		event = &scratch->event;
		read_context(regs, task, thread, scratch, &scratch->context);
		begin_event(event, task, &scratch->context, SPANLOOM_CLOSE, SPANLOOM_INGRESS, next_event_id(), bpf_ktime_get_ns());
		event->socket = socket->socket;
		event->file_descriptor = argument_0(regs);
		set_causes(event, &scratch->context, thread->after, thread->phase);
		send_event(scratch, reference.sock, 0);
	}
	if (reference.transport == SPANLOOM_UNIX)
		end_stream(&reference);
	bpf_map_delete_elem(&sockets, &key);
	return 0;
}

#endif
