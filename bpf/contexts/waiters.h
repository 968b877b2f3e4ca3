/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Who waits for an answer from a goroutine. Clients with a pool write from goroutines of their own: the one that asked hands
 * over its request and a channel, and waits there. The writer has that channel in the outermost frames of its stack.
 *
 * So each word there that looks like an address of the heap is taken for a channel, and believed only if the first waiter in
 * its queue of receivers says that it waits on that very channel. Of several, one that serves a request counts first: others
 * are colleagues at the same queue, or stand in the middle of a chain, which is followed over SPANLOOM_MAX_WAITERS of them.
 * A process that fakes all of this costs itself SPANLOOM_MAX_WAITERS * WAITER_WORDS looks of five reads each, and deceives
 * only about itself.
 */
#ifndef SPANLOOM_CONTEXTS_WAITERS_H
#define SPANLOOM_CONTEXTS_WAITERS_H

#include "../maps/goroutines.h"
#include "go.h"

/* Stacks and channels come from the same heap: addresses of one process agree in the bits above. */
#define HEAP_BITS 36

/* The goroutine that waits first in the queue of what `word` points to, if that is a channel that it waits on; else 0. */
static __always_inline __u64 first_receiver(__u64 word, __u64 stack_low, __u64 stack_high, const struct spanloom_go *go)
{
	__u64 sudog;

	if (word & 7 || (word ^ stack_high) >> HEAP_BITS || (word >= stack_low && word < stack_high))
		return 0;
	sudog = read_user_word(word + go->channel_receivers);
	if (!sudog || (sudog ^ stack_high) >> HEAP_BITS)
		return 0;
	if (read_user_word(sudog + go->sudog_channel) != word)
		return 0;
	return read_user_word(sudog + go->sudog_g);
}

static __always_inline bool g_serves(__u32 process_id, __u64 g, const struct spanloom_go *go)
{
	if (serves_request(process_id, read_user_word(g + go->g_id)))
		return true;
	return go->g_parent && serves_request(process_id, read_user_word(g + go->g_parent));
}

/*
 * The goroutine that waits for an answer from `g`, which is in scratch->goroutine; 0: none was found. A function of its own
 * to the verifier, which goes through it once.
 */
__noinline __u64 waiter_of(__u64 g)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct thread_state *thread = known_thread(task);
	struct scratch *scratch = this_scratch();
	const struct spanloom_go *go;
	struct goroutine_place place = {};
	__u64 stack_low;
	__u64 stack_high;
	__u64 any = 0;
	__u32 *known;

	if (!thread || !scratch)
		return 0;
	go = &thread->runtime.go;
	stack_low = scratch->goroutine[0];
	stack_high = scratch->goroutine[1];
	if (stack_high - stack_low < sizeof(scratch->frames) || stack_high < stack_low)
		return 0;
	place.start = loaded_field(scratch, go->g_start);
	place.process_id = task->tgid;
	known = bpf_map_lookup_elem(&channel_places, &place);
	if (known) {
		__u64 word = read_user_word(stack_high - sizeof(scratch->frames) + *known * 8);
		__u64 receiver = first_receiver(word, stack_low, stack_high, go);

		if (receiver && receiver != g) {
			if (g_serves(place.process_id, receiver, go))
				return receiver;
			any = receiver;
		}
	}
	if (bpf_probe_read_user(scratch->frames, sizeof(scratch->frames),
				(void *)(stack_high - sizeof(scratch->frames))))
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 count = 0; count < WAITER_WORDS; count++) {
		/* Outermost first. */
		__u32 index = (WAITER_WORDS - 1 - count) % WAITER_WORDS;
		__u64 receiver = first_receiver(scratch->frames[index], stack_low, stack_high, go);

		if (!receiver || receiver == g)
			continue;
		if (g_serves(place.process_id, receiver, go)) {
			bpf_map_update_elem(&channel_places, &place, &index, BPF_ANY);
			return receiver;
		}
		if (!any)
			any = receiver;
	}
	return any;
}

/*
 * Follows the chain of those who wait from `g`, whose id is `id`, and adds them to context->answers_to. Notes the last of them
 * with the socket: when the answer comes back, whoever waits for that one has certainly begun to.
 */
static __always_inline void follow_waiters(struct task_struct *task, struct thread_state *thread, struct scratch *scratch,
					   struct socket_state *socket, struct context *context, __u64 g, __u64 id)
{
	const struct spanloom_go *go = &thread->runtime.go;
	__u32 process_id = task->tgid;
	bool is_served = false;
	__u32 found = 0;

	socket->asker = 0;
	if (!load_g(scratch, go, g) || loaded_field(scratch, go->g_id) != id)
		return;
#pragma clang loop unroll(disable)
	for (; found < SPANLOOM_MAX_WAITERS && !is_served; found++) {
		__u64 next = waiter_of(g);
		__u64 parent;

		if (!next || !load_g(scratch, go, next))
			break;
		g = next;
		id = loaded_field(scratch, go->g_id);
		parent = go->g_parent ? loaded_field(scratch, go->g_parent) : 0;
		add_answer_to(context, id);
		add_answer_to(context, parent);
		is_served = serves_request(process_id, id) || serves_request(process_id, parent);
	}
	if (is_served)
		return;
	socket->asker = g;
	socket->asker_id = id;
	socket->asker_process_id = process_id;
}

/*
 * A write that is not a reply, by a goroutine that serves no request itself: for whom is it? Further writes of the same message by
 * the same goroutine are for whom the first was. When several write before an answer comes, whose that is cannot be told.
 */
static __always_inline void find_waiters_at_egress(struct task_struct *task, struct thread_state *thread,
						   struct scratch *scratch, struct socket_state *socket,
						   struct context *context, bool starts_message)
{
	bool is_other = socket->writer != context->id;

	if (!knobs.reads_waiters || !context->address || socket->socket.role == SPANLOOM_SERVER)
		return;
	socket->writer = context->id;
	if (!starts_message && !is_other)
		return;
	if (!serves_request(task->tgid, context->id))
		follow_waiters(task, thread, scratch, socket, context, context->address, context->id);
	else
		socket->asker = 0;
	if (!starts_message)
		socket->asker = 0;
}

/* The first read after such a write. */
static __always_inline void find_waiters_at_ingress(struct task_struct *task, struct thread_state *thread,
						    struct scratch *scratch, struct socket_state *socket,
						    struct context *context)
{
	if (!knobs.reads_waiters || context->kind != SPANLOOM_GOROUTINE || !socket->asker)
		return;
	if (socket->asker_process_id == (__u32)task->tgid && thread->runtime.is_readable)
		follow_waiters(task, thread, scratch, socket, context, socket->asker, socket->asker_id);
	socket->asker = 0;
}

#endif
