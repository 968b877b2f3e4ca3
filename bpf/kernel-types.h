/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The few fields of kernel structures that are read. Offsets here mean nothing: libbpf relocates each access to where
 * the running kernel has the field. A suffix after ___ is not part of the name: it tells variants of several kernels
 * apart.
 */
#ifndef SPANLOOM_KERNEL_TYPES_H
#define SPANLOOM_KERNEL_TYPES_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct super_block {
	unsigned int s_dev;
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	unsigned long i_ino;
	long long i_size;
	long long i_mtime_sec; /* both since 6.11 */
	__u32 i_mtime_nsec;
	struct super_block *i_sb;
};

struct timespec64 {
	long long tv_sec;
	long tv_nsec;
};

struct inode___before_6_11 {
	struct timespec64 __i_mtime; /* since 6.7 */
};

struct inode___before_6_7 {
	struct timespec64 i_mtime;
};

typedef struct {
	long long counter;
} atomic64_t;

typedef struct {
	atomic64_t refcnt;
} file_ref_t;

struct file {
	struct inode *f_inode;
	void *private_data;
	file_ref_t f_ref; /* since 6.13; 0 means one reference */
};

struct file___before_6_13 {
	atomic64_t f_count; /* atomic_long_t: 1 means one reference */
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct thread_info {
	unsigned long flags; /* arm64: TIF_32BIT */
	__u32 status;	     /* x86: TS_COMPAT */
};

struct mm_struct {
	struct file *exe_file;
};

#if defined(__TARGET_ARCH_x86)
struct thread_struct {
	unsigned long fsbase;
};
#endif

struct upid {
	int nr;
};

struct pid {
	unsigned int level; /* of the innermost namespace that it is in */
	struct upid numbers[1]; /* one for each */
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	struct task_struct *group_leader;
	__u64 start_boottime;
	char comm[16];
	struct files_struct *files;
	struct mm_struct *mm;
	struct pid *thread_pid; /* since 4.20 */
	unsigned long nvcsw; /* how often it went to sleep by itself */
	__u64 self_exec_id; /* counts exec; 64 bits since 5.7 */
#if defined(__TARGET_ARCH_x86)
	struct thread_struct thread;
#endif
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	possible_net_t skc_net;
	unsigned long skc_flags;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sk_buff_head {
	__u32 qlen;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol; /* 16 bits of its own since 5.6 */
	int sk_err;
	struct sk_buff_head sk_receive_queue;
	struct socket *sk_socket; /* NULL before accept(), and once no descriptor refers to it */
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len; /* of the name, with its family */
	struct sockaddr_un name[0];
};

struct unix_sock {
	struct unix_address *addr; /* NULL: it has no name */
	struct sock *peer;
};

struct tcp_sock {
	__u32 write_seq;
	__u32 copied_seq;
	__u32 rcv_nxt;
};

struct socket {
	short type;
	struct file *file;
	struct sock *sk;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
};
#else
#error "only x86_64 and arm64 are known"
#endif

#pragma clang attribute pop

#endif
