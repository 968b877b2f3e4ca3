/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What is known of a thread of a process that runs HotSpot, so that most calls need few reads. */
#ifndef SPANLOOM_CONTEXTS_JAVA_THREAD_H
#define SPANLOOM_CONTEXTS_JAVA_THREAD_H

#include "../event.h"

struct java_thread {
	struct spanloom_java layout;
	__u64 current_at; /* address of the thread-local pointer to its JavaThread; 0: not known yet */
	__u64 address;	  /* of the JavaThread, which has been checked; 0: none has */
	__u64 own_tid;	  /* of its own java.lang.Thread; 0: not known yet */
	__u64 last_tid;	  /* of the virtual thread that it was last seen to run; 0: it ran none */
	__u64 last_pointer; /* to its java.lang.Thread, */
	__u64 last_counter; /* as it was at this count of safepoints */
};

#endif
