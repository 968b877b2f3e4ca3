/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * streams: key address of the struct sock that writes; value how many bytes it wrote to a Unix stream, and how many its peer
 * read. Unix sockets have no sequence numbers: both ends count here from one random number, so that the same byte has the
 * same number at both. A stream is counted from a write on that finds nothing on its way, which also holds for connections
 * older than the capture. Bytes that one end moves unseen (io_uring, a process that is left out) shift its numbers: then
 * the ends no longer meet. Least recently used go first.
 */
#ifndef SPANLOOM_MAPS_STREAMS_H
#define SPANLOOM_MAPS_STREAMS_H

#include "sockets.h"

struct stream {
	__u64 writer_inode; /* addresses are used again: of the socket that writes */
	__u64 reader_inode; /* 0 before the first read */
	__u32 base;
	__u32 written;
	__u32 read;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768); /* two for each connection */
	__type(key, __u64);
	__type(value, struct stream);
} streams SEC(".maps");

/* The stream that a socket writes to; NULL when it is not counted. */
static __always_inline struct stream *written_stream(__u64 sock, __u64 inode_number)
{
	struct stream *stream = bpf_map_lookup_elem(&streams, &sock);

	return stream && stream->writer_inode == inode_number ? stream : NULL;
}

/* The sequence of the first byte of a write that begins; 0 when it is not known. */
static __always_inline __u32 unix_write_sequence(const struct socket_reference *reference, struct socket_state *socket)
{
	__u64 key = (__u64)reference->sock;
	struct stream *stream = written_stream(key, reference->inode_number);
	struct stream fresh = {};
	struct sock *peer;

	if (stream)
		return stream->base + stream->written;
	peer = unix_peer(reference->sock);
	/* One that was forgotten does not begin anew: its numbers would go back. */
	if (socket->has_stream || !peer || read_kernel(peer, struct sock, sk_receive_queue.qlen))
		return 0;
	fresh.writer_inode = reference->inode_number;
	fresh.base = bpf_get_prandom_u32();
	if (bpf_map_update_elem(&streams, &key, &fresh, BPF_ANY))
		return 0;
	socket->has_stream = 1;
	return fresh.base;
}

/* A write moved bytes. */
static __always_inline void count_written(__u64 sock, __u64 inode_number, __u32 length)
{
	struct stream *stream = written_stream(sock, inode_number);

	if (stream)
		__sync_fetch_and_add(&stream->written, length);
}

/* The sequence of the first byte of a read that just returned `length` bytes; 0 when it is not known. */
static __always_inline __u32 unix_read_sequence(const struct socket_reference *reference, __u32 length)
{
	__u64 key = (__u64)unix_peer(reference->sock);
	struct stream *stream = bpf_map_lookup_elem(&streams, &key);

	if (!stream)
		return 0;
	if (!stream->reader_inode)
		stream->reader_inode = reference->inode_number;
	if (stream->reader_inode != reference->inode_number)
		return 0;
	return stream->base + __sync_fetch_and_add(&stream->read, length);
}

/* A socket was closed: nothing more is read of what its peer wrote. */
static __always_inline void end_stream(const struct socket_reference *reference)
{
	__u64 key = (__u64)unix_peer(reference->sock);

	bpf_map_delete_elem(&streams, &key);
}

static __always_inline __u32 write_sequence(const struct socket_reference *reference, struct socket_state *socket)
{
	return reference->transport == SPANLOOM_UNIX ? unix_write_sequence(reference, socket) :
						       tcp_write_sequence(reference);
}

static __always_inline __u32 read_sequence(const struct socket_reference *reference, __u32 length)
{
	return reference->transport == SPANLOOM_UNIX ? unix_read_sequence(reference, length) :
						       tcp_read_sequence(reference, length);
}

#endif
