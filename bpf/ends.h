/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * TCP sockets that end without close(): with their process, by dup2() over them, by close_range(), by exec(). The kernel
 * tells by their state. These programs also run in interrupts, so they use no memory of the others.
 */
#ifndef SPANLOOM_ENDS_H
#define SPANLOOM_ENDS_H

#include "connecting.h"

/* No descriptor refers to the socket any more. */
static __always_inline bool is_released(struct sock *sock)
{
	struct socket *socket = read_kernel(sock, struct sock, sk_socket);
	struct file *file;

	if (!socket)
		return true;
	file = read_kernel(socket, struct socket, file);
	return file && has_no_reference(file);
}

/* Who ends the socket: the current thread, unless the process let go of it before. */
static __always_inline void take_thread(struct spanloom_event *event, struct task_struct *task, struct sock *sock)
{
	struct thread_state *thread = known_thread(task);

	if (!read_kernel(sock, struct sock, sk_socket) || (thread && thread->excluded)) {
		event->process_id = 0;
		event->thread_id = 0;
		event->process_start_ns = 0;
		__builtin_memset(event->process_name, 0, SPANLOOM_NAME_BYTES);
	} else if (thread) {
		event->phase = thread->phase;
		event->after = thread->after;
	}
}

/* The end of a socket that nobody closed. */
static __always_inline void end_socket(struct sock *sock)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct context context = { .kind = SPANLOOM_THREAD, .id = task->pid };
	struct spanloom_event event = {};
	__u64 key = (__u64)sock;
	struct socket_state *socket = known_socket(key);
	bool has_failed;

	if (!socket)
		return;
	event.socket = socket->socket;
	has_failed = socket->has_failed;
	if (bpf_map_delete_elem(&sockets, &key) || has_failed)
		return;
	begin_event(&event, task, &context, SPANLOOM_CLOSE, SPANLOOM_INGRESS, next_event_id(),
		    bpf_ktime_get_ns());
	event.file_descriptor = -1;
	take_thread(&event, task, sock);
	send_bare(&event);
}

static __always_inline int on_tcp_state(struct sock *sock, int from, int to)
{
	bool ended;

	if (from != STATE_SYN_SENT && to != STATE_FIN_WAIT1 && to != STATE_LAST_ACK && to != STATE_CLOSE)
		return 0;
	ended = is_released(sock);
	if (from == STATE_SYN_SENT)
		on_connect_outcome(sock, to, ended);
	if (ended)
		end_socket(sock);
	return 0;
}

#endif
