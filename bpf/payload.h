/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Copying what a call moved, and the address it named, out of user memory. What cannot be read is counted. Without its
 * message header a call gives no event; without its segments, payload or address it gives an incomplete one.
 */
#ifndef SPANLOOM_PAYLOAD_H
#define SPANLOOM_PAYLOAD_H

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "maps/scratch.h"
#include "socket.h"
#include "syscalls.h"

/* Where the bytes of a call are in user memory, and the address the call names (0: none). */
struct buffers {
	__u64 base; /* of the bytes, or of the segments */
	__u64 length;
	__u64 name;
	__u8 is_vector; /* length counts segments */
};

/* Reads struct msghdr. */
static __always_inline bool message_buffers(struct scratch *scratch, __u64 header, struct buffers *buffers)
{
	if (bpf_probe_read_user(&scratch->header, sizeof(scratch->header), (void *)header)) {
		count_loss(SPANLOOM_ARGUMENTS_MISSED, 1);
		return false;
	}
	buffers->base = scratch->header.segments;
	buffers->length = scratch->header.segment_count;
	buffers->name = scratch->header.name;
	buffers->is_vector = 1;
	return true;
}

/* The buffers of a read- or write-like call, by the shape of its arguments. */
static __always_inline bool buffers_of(struct scratch *scratch, struct pt_regs *regs, enum action action,
				       struct buffers *buffers)
{
	long number = syscall_number(regs);

	buffers->base = argument_1(regs);
	buffers->length = argument_2(regs);
	buffers->name = 0;
	buffers->is_vector = 0;
	switch (action) {
	case INGRESS_MESSAGE:
	case EGRESS_MESSAGE:
		return message_buffers(scratch, buffers->base, buffers);
	case INGRESS_VECTOR:
	case EGRESS_VECTOR:
		buffers->is_vector = 1;
		return true;
	default:
		if (number == SYSCALL_RECVFROM || number == SYSCALL_SENDTO)
			buffers->name = argument_4(regs);
		return true;
	}
}

/* Copies up to `wanted` bytes of the segments one after the other; returns how many it got. */
static __always_inline __u32 copy_segments(struct scratch *scratch, const struct buffers *buffers, __u32 wanted,
					   __u32 max_segments)
{
	__u32 count = buffers->length < max_segments ? buffers->length : max_segments;
	__u32 copied = 0;

	if (bpf_probe_read_user(scratch->segments, count * sizeof(struct segment), (void *)buffers->base)) {
		count_loss(SPANLOOM_ARGUMENTS_MISSED, 1);
		return 0;
	}
	for (__u32 index = 0; index < max_segments; index++) {
		__u64 base, part;

		if (index >= count || copied >= wanted)
			break;
		base = scratch->segments[index].base;
		part = scratch->segments[index].length;
		if (part > wanted - copied)
			part = wanted - copied;
		/* The compiler knows these bounds, the verifier does not. */
		barrier_var(part);
		barrier_var(copied);
		if (part > SPANLOOM_MAX_PAYLOAD || copied > SPANLOOM_MAX_PAYLOAD)
			break;
		if (bpf_probe_read_user(scratch->payload + copied, part, (void *)base)) {
			count_loss(SPANLOOM_PAYLOAD_UNREADABLE, 1);
			break;
		}
		copied += part;
	}
	return copied;
}

/* Copies up to `wanted` bytes of a call to the scratch payload; returns how many it got. */
static __always_inline __u32 copy_payload(struct scratch *scratch, const struct buffers *buffers, __u32 wanted,
					  __u32 max_segments)
{
	if (buffers->is_vector)
		return copy_segments(scratch, buffers, wanted, max_segments);
	if (wanted > buffers->length)
		wanted = buffers->length;
	barrier_var(wanted);
	if (wanted > SPANLOOM_MAX_PAYLOAD)
		wanted = SPANLOOM_MAX_PAYLOAD;
	if (bpf_probe_read_user(scratch->payload, wanted, (void *)buffers->base)) {
		count_loss(SPANLOOM_PAYLOAD_UNREADABLE, 1);
		return 0;
	}
	return wanted;
}

/* Takes the remote end from a struct sockaddr in user memory. `local` was described from the socket. */
static __always_inline void take_remote(struct scratch *scratch, __u64 name, struct spanloom_socket *socket)
{
	__u8 *address = scratch->address;

	if (bpf_probe_read_user(address, 16, (void *)name)) {
		count_loss(SPANLOOM_ARGUMENTS_MISSED, 1);
		return;
	}
	if (*(__u16 *)address == FAMILY_INET && socket->address_bytes == 4) {
		socket->remote_port = bpf_ntohs(*(__u16 *)(address + 2));
		*(__u32 *)socket->remote_address = *(__u32 *)(address + 4);
	} else if (*(__u16 *)address == FAMILY_INET6 && socket->address_bytes == 16) {
		if (bpf_probe_read_user(address, sizeof(scratch->address), (void *)name)) {
			count_loss(SPANLOOM_ARGUMENTS_MISSED, 1);
			return;
		}
		socket->remote_port = bpf_ntohs(*(__u16 *)(address + 2));
		__builtin_memcpy(socket->remote_address, address + 8, 16);
		unmap_addresses(socket);
	}
}

#endif
