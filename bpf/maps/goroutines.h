/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * serving: key a goroutine; value the struct sock that it read from last, of those that were not connected from here. It
 * serves a request as long as that socket's current message is one that it read: replies need no note here.
 *
 * channel_places: key a function that goroutines were started with, in one process; value which of the outermost words of
 * their stacks was the channel: one word to look at instead of all.
 *
 * Least recently used go first. What is out of date names no socket, or a place that is looked at in vain.
 */
#ifndef SPANLOOM_MAPS_GOROUTINES_H
#define SPANLOOM_MAPS_GOROUTINES_H

#include <bpf/bpf_helpers.h>
#include "sockets.h"

struct goroutine {
	__u64 id;
	__u32 process_id;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct goroutine);
	__type(value, __u64);
} serving SEC(".maps");

struct goroutine_place {
	__u64 start;
	__u32 process_id;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct goroutine_place);
	__type(value, __u32);
} channel_places SEC(".maps");

/* Has this goroutine read a request that has no reply yet? */
static __always_inline bool serves_request(__u32 process_id, __u64 id)
{
	struct goroutine goroutine = {.id = id, .process_id = process_id};
	const struct socket_state *socket;
	const __u64 *sock;

	sock = id ? bpf_map_lookup_elem(&serving, &goroutine) : NULL;
	if (!sock)
		return false;
	socket = known_socket(*sock);
	return socket && socket->direction == MESSAGE_INGRESS && socket->reader == id;
}

/* Notes that a goroutine read from a socket. */
static __always_inline void note_reader(struct socket_state *socket, __u64 sock, __u32 process_id, __u64 id)
{
	struct goroutine goroutine = {.id = id, .process_id = process_id};
	const __u64 *known;

	if (!id || socket->socket.role == SPANLOOM_CLIENT || socket->socket.transport != SPANLOOM_TCP)
		return;
	socket->reader = id;
	known = bpf_map_lookup_elem(&serving, &goroutine);
	if (!known || *known != sock)
		bpf_map_update_elem(&serving, &goroutine, &sock, BPF_ANY);
}

#endif
