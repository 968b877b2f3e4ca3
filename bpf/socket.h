/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* From a file descriptor to a socket, and what the kernel knows of that socket. */
#ifndef SPANLOOM_SOCKET_H
#define SPANLOOM_SOCKET_H

#include <bpf/bpf_endian.h>
#include "event.h"
#include "kernel-read.h"

#define FILE_TYPE 0170000
#define FILE_TYPE_SOCKET 0140000
#define FILE_TYPE_REGULAR 0100000
#define ANONYMOUS_INODES 0x09041934 /* ANON_INODE_FS_MAGIC: eventfd, timerfd, signalfd, inotify */

#define FAMILY_UNIX 1
#define FAMILY_INET 2
#define FAMILY_INET6 10
#define TYPE_STREAM 1

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_MPTCP 262

#define FLAG_DONE (1UL << 1) /* SOCK_DONE in the flags: the peer's FIN has arrived */

/* A descriptor that is a socket which is traced: of the internet, or a Unix stream with a name at one of its ends. */
struct socket_reference {
	struct sock *sock; /* NULL: it is not */
	__u64 inode_number; /* tells apart sockets that one after the other had the same address in memory */
	__u8 transport;
	__u8 is_plain_tcp; /* sock is a struct tcp_sock */
};

static __always_inline struct file *file_of(struct task_struct *task, int descriptor)
{
	struct fdtable *table = task->files->fdt;

	if ((__u32)descriptor >= table->max_fds)
		return NULL;
	return read_kernel_pointer((void *)table->fd + (__u64)(__u32)descriptor * sizeof(void *));
}

static __always_inline struct inode *inode_of(struct file *file)
{
	return read_kernel(file, struct file, f_inode);
}

static __always_inline bool is_socket(struct inode *inode)
{
	return (read_kernel(inode, struct inode, i_mode) & FILE_TYPE) == FILE_TYPE_SOCKET;
}

/* eventfd, timerfd, signalfd and the like: no type bits before 6.16, a regular file to the kernel since. */
static __always_inline bool is_anonymous(struct inode *inode)
{
	__u32 type = read_kernel(inode, struct inode, i_mode) & FILE_TYPE;

	if (type != 0 && type != FILE_TYPE_REGULAR)
		return false;
	return read_kernel(read_kernel(inode, struct inode, i_sb), struct super_block, s_magic) == ANONYMOUS_INODES;
}

/* The other end of a Unix socket, kept as long as the socket itself; NULL before it is connected. */
static __always_inline struct sock *unix_peer(struct sock *sock)
{
	return read_kernel(sock, struct unix_sock, peer);
}

static __always_inline struct unix_address *unix_name(struct sock *sock)
{
	return read_kernel(sock, struct unix_sock, addr);
}

/*
 * A stream to a server that others find by a name, or one that is to be connected. socketpair() makes streams without names,
 * which programs use to talk to their own parts.
 */
static __always_inline bool is_traced_unix(struct socket *socket, struct sock *sock)
{
	struct sock *peer;

	if (!knobs.traces_unix || !bpf_core_field_exists(((struct unix_sock *)0)->peer) ||
	    read_kernel(socket, struct socket, type) != TYPE_STREAM)
		return false;
	peer = unix_peer(sock);
	return !peer || unix_name(sock) || unix_name(peer);
}

/* `file` must be a socket's, and `inode` its inode. */
static __always_inline void socket_of_file(struct file *file, struct inode *inode, struct socket_reference *reference)
{
	struct socket *socket = read_kernel(file, struct file, private_data);
	struct sock *sock = read_kernel(socket, struct socket, sk);
	__u16 family = read_kernel(sock, struct sock, __sk_common.skc_family);
	__u16 protocol;

	reference->sock = NULL;
	reference->is_plain_tcp = 0;
	if (family != FAMILY_INET && family != FAMILY_INET6) {
		if (family != FAMILY_UNIX || !is_traced_unix(socket, sock))
			return;
		reference->transport = SPANLOOM_UNIX;
		reference->inode_number = read_kernel(inode, struct inode, i_ino);
		reference->sock = sock;
		return;
	}
	protocol = read_kernel(sock, struct sock, sk_protocol);
	if (protocol == PROTOCOL_TCP) {
		reference->transport = SPANLOOM_TCP;
		reference->is_plain_tcp = 1;
	} else if (protocol == PROTOCOL_UDP) {
		reference->transport = SPANLOOM_UDP;
	} else if (protocol == PROTOCOL_MPTCP) {
		reference->transport = SPANLOOM_TCP;
	} else {
		return;
	}
	reference->inode_number = read_kernel(inode, struct inode, i_ino);
	reference->sock = sock;
}

/* The socket behind a descriptor of the current task, where it is traced. */
static __always_inline void resolve_socket(struct task_struct *task, int descriptor,
					   struct socket_reference *reference)
{
	struct file *file = file_of(task, descriptor);
	struct inode *inode;

	reference->sock = NULL;
	if (!file)
		return;
	inode = inode_of(file);
	if (is_socket(inode))
		socket_of_file(file, inode, reference);
}

/* The closing thread holds the only reference: the socket ends. */
static __always_inline bool is_last_reference(struct file *file)
{
	if (bpf_core_field_exists(((struct file *)0)->f_ref))
		return read_kernel(file, struct file, f_ref.refcnt.counter) == 0;
	return BPF_CORE_READ((struct file___before_6_13 *)file, f_count.counter) == 1;
}

/* All references are gone: the socket is being released. */
static __always_inline bool has_no_reference(struct file *file)
{
	/* FILE_REF_DEAD and what is near it. */
	if (bpf_core_field_exists(((struct file *)0)->f_ref))
		return read_kernel(file, struct file, f_ref.refcnt.counter) < 0;
	return BPF_CORE_READ((struct file___before_6_13 *)file, f_count.counter) == 0;
}

static __always_inline __u32 tcp_write_sequence(const struct socket_reference *reference)
{
	return reference->is_plain_tcp ? read_kernel(reference->sock, struct tcp_sock, write_seq) : 0;
}

/*
 * The sequence of the first byte of a read that just returned `length` bytes. A FIN that was consumed along with them
 * counts one; it has been consumed if and only if it has arrived and nothing is left to read.
 */
static __always_inline __u32 tcp_read_sequence(const struct socket_reference *reference, __u32 length)
{
	__u32 copied;

	if (!reference->is_plain_tcp)
		return 0;
	copied = read_kernel(reference->sock, struct tcp_sock, copied_seq);
	if (read_kernel(reference->sock, struct sock, __sk_common.skc_flags) & FLAG_DONE &&
	    copied == read_kernel(reference->sock, struct tcp_sock, rcv_nxt))
		copied--;
	return copied - length;
}

static __always_inline bool is_mapped_v4(const __u8 *address)
{
	const __u32 *words = (const __u32 *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == bpf_htonl(0xffff);
}

static __always_inline void keep_last_word(__u8 *address)
{
	__u32 *words = (__u32 *)address;

	words[0] = words[3];
	words[1] = words[2] = words[3] = 0;
}

/* IPv4 traffic of an IPv6 socket is IPv4 traffic: 4-byte addresses. */
static __always_inline void unmap_addresses(struct spanloom_socket *socket)
{
	if (socket->address_bytes != 16 || !is_mapped_v4(socket->remote_address))
		return;
	keep_last_word(socket->remote_address);
	/* The local address is mapped too, or unspecified: either way its last word is the IPv4 address. */
	keep_last_word(socket->local_address);
	socket->address_bytes = 4;
}

static __always_inline void describe_socket(struct sock *sock, __u8 transport, struct spanloom_socket *socket)
{
	struct net *network = read_kernel(sock, struct sock, __sk_common.skc_net.net);

	socket->transport = transport;
	socket->network_namespace = read_kernel(network, struct net, ns.inum);
	if (transport == SPANLOOM_UNIX)
		return;
	socket->local_port = read_kernel(sock, struct sock, __sk_common.skc_num);
	socket->remote_port = bpf_ntohs(read_kernel(sock, struct sock, __sk_common.skc_dport));
	if (read_kernel(sock, struct sock, __sk_common.skc_family) == FAMILY_INET) {
		*(__u32 *)socket->local_address = read_kernel(sock, struct sock, __sk_common.skc_rcv_saddr);
		*(__u32 *)socket->remote_address = read_kernel(sock, struct sock, __sk_common.skc_daddr);
		socket->address_bytes = 4;
	} else {
		if (bpf_core_read(socket->local_address, 16, &sock->__sk_common.skc_v6_rcv_saddr) ||
		    bpf_core_read(socket->remote_address, 16, &sock->__sk_common.skc_v6_daddr))
			count_loss(SPANLOOM_SOCKET_UNRESOLVED, 1);
		socket->address_bytes = 16;
		unmap_addresses(socket);
	}
}

static __always_inline __u64 next_socket_id(void)
{
	return __sync_fetch_and_add(&state.next_socket_id, 1);
}

#endif
