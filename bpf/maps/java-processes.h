/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * java_processes: key a process that runs HotSpot; value where it keeps its virtual threads. By process, not by program:
 * HotSpot tells its own layout, which differs with the options that it was started with, and what a process says of itself
 * counts for itself only. Written by user space only.
 */
#ifndef SPANLOOM_MAPS_JAVA_PROCESSES_H
#define SPANLOOM_MAPS_JAVA_PROCESSES_H

#include <bpf/bpf_helpers.h>
#include "../contexts/java-thread.h"
#include "../kernel-types.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SPANLOOM_MAX_JAVA_PROCESSES);
	__type(key, struct spanloom_java_process);
	__type(value, struct spanloom_java);
} java_processes SEC(".maps");

/* Forgets what was known of a thread. False while its process is not known. */
static __always_inline bool look_up_java(struct task_struct *task, struct java_thread *java)
{
	struct spanloom_java_process process = {};
	const struct spanloom_java *known;

	process.start_ns = task->group_leader->start_boottime;
	process.exec_id = task->self_exec_id;
	process.process_id = task->tgid;
	known = bpf_map_lookup_elem(&java_processes, &process);
	__builtin_memset(java, 0, sizeof(*java));
	if (known)
		java->layout = *known;
	return known != NULL;
}

#endif
