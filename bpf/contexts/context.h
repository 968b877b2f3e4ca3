/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The execution context that makes a call: a thread, or what a runtime runs on its threads in turn. */
#ifndef SPANLOOM_CONTEXTS_CONTEXT_H
#define SPANLOOM_CONTEXTS_CONTEXT_H

#include <bpf/bpf_helpers.h>
#include "../event.h"

/* Reads eight bytes of user memory; 0 where that fails. */
static __always_inline __u64 read_user_word(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word;
}

/* Words of a goroutine's outermost frames that are looked at. */
#define WAITER_WORDS 64

struct context {
	__u64 id; /* 0: could not be read */
	__u64 address; /* of the goroutine; 0: it is none, or could not be read */
	__u64 ancestors[SPANLOOM_MAX_ANCESTORS]; /* what created it, nearest first */
	__u64 answers_to[SPANLOOM_MAX_ANSWERS_TO];
	__u8 kind; /* enum spanloom_context_kind */
	__u8 answers_to_count;
	__u8 ancestor_count;
	__u8 reserved[5];
};

/* What a thread read last says nothing of a context that changes threads, or that takes turns on one. */
static __always_inline bool stays_on_thread(const struct context *context)
{
	return context->kind == SPANLOOM_THREAD || context->kind == SPANLOOM_PYTHON_CONTEXT;
}

static __always_inline void add_answer_to(struct context *context, __u64 id)
{
	__u32 count = context->answers_to_count;

	/* The compiler checks a copy of it otherwise, and the verifier does not know that it is one. */
	barrier_var(count);
	if (count >= SPANLOOM_MAX_ANSWERS_TO)
		return;
	context->answers_to[count] = id;
	context->answers_to_count = count + 1;
}

#endif
