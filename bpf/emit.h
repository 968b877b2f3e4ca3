/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Filling in and sending an event. */
#ifndef SPANLOOM_EMIT_H
#define SPANLOOM_EMIT_H

#include "maps/ring.h"
#include "maps/scratch.h"
#include "maps/threads.h"
#include "socket.h"

/*
 * Starts an event: who, what, when, as the start of a message. The caller sets socket, file_descriptor, phase and
 * after; send_event() sets payload_length. The rest is zero.
 */
static __always_inline void begin_event(struct spanloom_event *event, struct task_struct *task,
					const struct context *context, enum spanloom_kind kind,
					enum spanloom_direction direction, __u64 id, __u64 time_ns)
{
	struct task_struct *leader = task->group_leader;

	event->id = id;
	event->time_ns = time_ns;
	event->process_id = task->tgid;
	event->thread_id = task->pid;
	event->process_start_ns = leader->start_boottime;
	((__u64 *)event->process_name)[0] = ((__u64 *)leader->comm)[0];
	((__u64 *)event->process_name)[1] = ((__u64 *)leader->comm)[1];
	event->context_kind = context->kind;
	event->context_id = context->id;
	event->context_ancestor_count = context->ancestor_count;
	if (context->ancestor_count)
		__builtin_memcpy(event->context_ancestors, context->ancestors, sizeof(event->context_ancestors));
	event->answers_to_count = context->answers_to_count;
	if (context->answers_to_count)
		__builtin_memcpy(event->answers_to, context->answers_to, sizeof(event->answers_to));
	event->kind = kind;
	event->direction = direction;
	event->woken_after_count = 0;
	event->connect_id = 0;
	event->message_id = id;
	event->length = 0;
	event->tcp_sequence = 0;
	event->error = 0;
	event->path_length = 0;
}

/* The causal facts of a thread, where they hold for the context. */
static __always_inline void set_causes(struct spanloom_event *event, const struct context *context, __u64 after,
				       __u64 phase)
{
	event->after = stays_on_thread(context) ? after : 0;
	event->phase = stays_on_thread(context) ? phase : 0;
}

/* Which answers those had just read who woke the thread since its last event. */
static __always_inline void take_wakes(struct spanloom_event *event, const struct context *context,
				       struct thread_state *thread)
{
	__u32 count = thread->wakes.woken_count;

	if (!knobs.reads_wakes || !count)
		return;
	thread->wakes.woken_count = 0;
	if (!stays_on_thread(context))
		return;
	event->woken_after_count = count < SPANLOOM_MAX_WOKEN_AFTER ? count : SPANLOOM_MAX_WOKEN_AFTER;
	__builtin_memcpy(event->woken_after, thread->wakes.woken_after, sizeof(event->woken_after));
}

/* Puts the path of a Unix socket behind the payload; returns how many bytes it has. */
static __always_inline __u32 copy_path(struct scratch *scratch, struct sock *sock, __u32 payload_bytes)
{
	struct spanloom_event *event = &scratch->event;
	struct unix_address *name;
	struct sockaddr_un *address;
	__u32 length;

	if (!bpf_core_field_exists(((struct unix_sock *)0)->peer))
		return 0;
	/* A client may have a name too: that of the server is the address. */
	name = event->socket.role == SPANLOOM_CLIENT ? NULL : unix_name(sock);
	event->path_is_local = name != NULL;
	if (!name)
		name = unix_name(unix_peer(sock));
	if (!name)
		return 0;
	address = (void *)name + bpf_core_field_offset(struct unix_address, name);
	length = read_kernel(name, struct unix_address, len) - sizeof(address->sun_family);
	if (length > SPANLOOM_MAX_PATH || read_kernel(address, struct sockaddr_un, sun_family) != FAMILY_UNIX)
		return 0;
	barrier_var(length);
	if (length > SPANLOOM_MAX_PATH ||
	    bpf_probe_read_kernel(scratch->payload + payload_bytes, length,
				  (void *)address + bpf_core_field_offset(struct sockaddr_un, sun_path)))
		return 0;
	event->path_length = length;
	return length;
}

/*
 * Sends the event, of this socket, with what it really carries: a copy costs less than ring space for the largest payload. Nobody is
 * woken: the reader polls, and a wake-up for each event would cost more than the event.
 */
static __always_inline void send_event(struct scratch *scratch, struct sock *sock, __u32 payload_bytes)
{
	barrier_var(payload_bytes);
	if (payload_bytes > SPANLOOM_MAX_PAYLOAD)
		payload_bytes = SPANLOOM_MAX_PAYLOAD;
	scratch->event.payload_length = payload_bytes;
	if (scratch->event.socket.transport == SPANLOOM_UNIX)
		payload_bytes += copy_path(scratch, sock, payload_bytes);
	if (bpf_ringbuf_output(&ring, scratch, sizeof(scratch->event) + payload_bytes, BPF_RB_NO_WAKEUP))
		count_loss(SPANLOOM_RING_FULL, 1);
}

/* Sends an event without payload that is not in the scratch memory. */
static __always_inline void send_bare(struct spanloom_event *event)
{
	event->payload_length = 0;
	if (bpf_ringbuf_output(&ring, event, sizeof(*event), BPF_RB_NO_WAKEUP))
		count_loss(SPANLOOM_RING_FULL, 1);
}

#endif
