/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * sockets: key address of the struct sock; value what is known of the socket and its current message. Least recently
 * used go first. An address is used again after a socket was freed: the number of the inode tells whether it is still
 * the same.
 */
#ifndef SPANLOOM_MAPS_SOCKETS_H
#define SPANLOOM_MAPS_SOCKETS_H

#include <bpf/bpf_helpers.h>
#include "../socket.h"

/* Direction of the current message; 0 before the first. */
enum message_direction {
	MESSAGE_NONE,
	MESSAGE_INGRESS,
	MESSAGE_EGRESS,
};

struct socket_state {
	struct spanloom_socket socket;
	__u64 message_id; /* id of the event that started the current message */
	__u64 connect_id; /* until the first egress: id of the connect event, and the causal facts at that moment */
	__u64 connect_after;
	__u64 connect_phase;
	__u64 inode_number;
	__u64 reader;		/* id of the goroutine that read last, unless the socket was connected from here */
	__u64 writer;		/* id of the goroutine that wrote last */
	__u64 asker;		/* address of the last goroutine known to wait for an answer on this socket; 0: none */
	__u64 asker_id;		/* its id: an address is used again */
	__u32 asker_process_id;
	__u32 message_sequence; /* sequence of the message's first byte: tells how much of its budget is used up */
	__u8 direction;		/* enum message_direction */
	__u8 has_failed;	/* its connect failed, and connect() has not asked for that yet */
	__u8 has_stream;	/* Unix: what it writes was counted at some time */
	__u8 first_direction;	/* enum message_direction of the first call that was seen on it */
	__u32 written_id;	/* the lower half of the id of the last write that began */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 131072); /* knob maxSockets */
	__type(key, __u64);
	__type(value, struct socket_state);
} sockets SEC(".maps");

static __always_inline struct socket_state *known_socket(__u64 sock)
{
	return bpf_map_lookup_elem(&sockets, &sock);
}

/* Starts the entry of a socket; NULL when there is no room. */
static __always_inline struct socket_state *add_socket(const struct socket_reference *reference, __u8 role)
{
	struct socket_state fresh = {};
	__u64 key = (__u64)reference->sock;
	struct socket_state *added;

	describe_socket(reference->sock, reference->transport, &fresh.socket);
	fresh.socket.socket_id = next_socket_id();
	fresh.socket.role = role;
	fresh.inode_number = reference->inode_number;
	bpf_map_update_elem(&sockets, &key, &fresh, BPF_ANY);
	added = bpf_map_lookup_elem(&sockets, &key);
	if (!added)
		count_loss(SPANLOOM_MAP_FULL, 1);
	return added;
}

/* The entry of a socket, made now if the socket is older than the capture or has never been connected. */
static __always_inline struct socket_state *socket_of(const struct socket_reference *reference)
{
	struct socket_state *socket = known_socket((__u64)reference->sock);

	if (!socket || socket->inode_number != reference->inode_number)
		return add_socket(reference, SPANLOOM_ROLE_UNKNOWN);
	/* UDP gets its port with the first send. */
	if (socket->socket.local_port == 0)
		socket->socket.local_port = read_kernel(reference->sock, struct sock, __sk_common.skc_num);
	return socket;
}

/* Notes that a call moves data from `sequence` on; returns the id of the message that they belong to. */
static __always_inline __u64 note_data(struct socket_state *socket, __u64 id, enum message_direction direction,
				       __u32 sequence)
{
	if (socket->direction != direction || socket->socket.transport == SPANLOOM_UDP) {
		socket->direction = direction;
		socket->message_id = id;
		socket->message_sequence = sequence;
	}
	return socket->message_id;
}

/* A connection to others. One that is older than the capture counts as such if the first that was seen on it was a write. */
static __always_inline bool is_outgoing(const struct socket_state *socket)
{
	if (socket->socket.role == SPANLOOM_ROLE_UNKNOWN)
		return socket->first_direction == MESSAGE_EGRESS;
	return socket->socket.role == SPANLOOM_CLIENT;
}

/* Notes which way bytes first moved on a socket. */
static __always_inline void note_direction(struct socket_state *socket, enum message_direction direction)
{
	if (!socket->first_direction)
		socket->first_direction = direction;
}

/* How many bytes of payload a call may carry that moves data from `sequence` on. */
static __always_inline __u32 payload_allowed(const struct socket_state *socket, __u32 sequence)
{
	__u32 used = sequence - socket->message_sequence;

	if (used + knobs.continuation_bytes < knobs.payload_bytes)
		return knobs.payload_bytes - used;
	return knobs.continuation_bytes;
}

#endif
