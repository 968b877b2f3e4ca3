/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which system calls matter, what they do, and where their arguments are, by architecture. */
#ifndef SPANLOOM_SYSCALLS_H
#define SPANLOOM_SYSCALLS_H

#include "kernel-types.h"

/* What a system call does to a socket or to a thread, and in which shape it takes its buffers. */
enum action {
	ACTION_NONE,
	INGRESS_PLAIN,	 /* (fd, buffer, length, flags of recvfrom, address of recvfrom) */
	INGRESS_VECTOR,	 /* (fd, iovec, count) */
	INGRESS_MESSAGE, /* (fd, msghdr, flags) */
	INGRESS_MANY,	 /* (fd, mmsghdr, count, flags) */
	EGRESS_PLAIN,
	EGRESS_VECTOR,
	EGRESS_MESSAGE,
	EGRESS_MANY,
	SENDFILE, /* (descriptor, file) */
	SPLICE,	  /* (from descriptor, offset, to descriptor) */
	CONNECT,
	ACCEPT,
	CLOSE,
	WAIT,	/* epoll_wait family: many descriptors */
	POLL,	/* (descriptors, count) */
	SELECT, /* (highest descriptor + 1, read set, write set) */
};

/*
 * Loads an argument here and nowhere else: without the barrier the compiler merges loads through different kinds of
 * pointer into one instruction, which the verifier refuses.
 */
#define argument_from(field)            \
	({                              \
		__u64 value_ = (field); \
		barrier_var(value_);    \
		value_;                 \
	})

#define SYSCALL_TABLE_SIZE 512 /* a power of two above every number below */

#if defined(__TARGET_ARCH_x86)

/* recvfrom and sendto share a shape with read and write, but have flags and an address. */
#define SYSCALL_RECVFROM 45
#define SYSCALL_SENDTO 44
#define SYSCALL_FUTEX 202

static const __u8 actions[SYSCALL_TABLE_SIZE] = {
	[0] = INGRESS_PLAIN,	/* read */
	[1] = EGRESS_PLAIN,	/* write */
	[3] = CLOSE,		/* close */
	[7] = POLL,		/* poll */
	[19] = INGRESS_VECTOR,	/* readv */
	[20] = EGRESS_VECTOR,	/* writev */
	[23] = SELECT,		/* select */
	[40] = SENDFILE,	/* sendfile */
	[42] = CONNECT,		/* connect */
	[43] = ACCEPT,		/* accept */
	[44] = EGRESS_PLAIN,	/* sendto */
	[45] = INGRESS_PLAIN,	/* recvfrom */
	[46] = EGRESS_MESSAGE,	/* sendmsg */
	[47] = INGRESS_MESSAGE, /* recvmsg */
	[232] = WAIT,		/* epoll_wait */
	[270] = SELECT,		/* pselect6 */
	[271] = POLL,		/* ppoll */
	[275] = SPLICE,		/* splice */
	[281] = WAIT,		/* epoll_pwait */
	[288] = ACCEPT,		/* accept4 */
	[299] = INGRESS_MANY,	/* recvmmsg */
	[307] = EGRESS_MANY,	/* sendmmsg */
	[441] = WAIT,		/* epoll_pwait2 */
};

#define argument_0(regs) argument_from((regs)->di)
#define argument_1(regs) argument_from((regs)->si)
#define argument_2(regs) argument_from((regs)->dx)
#define argument_3(regs) argument_from((regs)->r10)
#define argument_4(regs) argument_from((regs)->r8)
#define syscall_number(regs) ((regs)->orig_ax)
/* Of a function of user space that has returned. */
#define returned_pointer(regs) ((regs)->ax)

/* TS_COMPAT: a 32-bit call, whose numbers mean other calls. */
#define is_compat(task) ((task)->thread_info.status & 2)

#elif defined(__TARGET_ARCH_arm64)

#define SYSCALL_RECVFROM 207
#define SYSCALL_SENDTO 206
#define SYSCALL_FUTEX 98

static const __u8 actions[SYSCALL_TABLE_SIZE] = {
	[22] = WAIT,		 /* epoll_pwait */
	[57] = CLOSE,		 /* close */
	[63] = INGRESS_PLAIN,	 /* read */
	[64] = EGRESS_PLAIN,	 /* write */
	[65] = INGRESS_VECTOR,	 /* readv */
	[66] = EGRESS_VECTOR,	 /* writev */
	[71] = SENDFILE,	 /* sendfile */
	[72] = SELECT,		 /* pselect6 */
	[73] = POLL,		 /* ppoll */
	[76] = SPLICE,		 /* splice */
	[202] = ACCEPT,		 /* accept */
	[203] = CONNECT,	 /* connect */
	[206] = EGRESS_PLAIN,	 /* sendto */
	[207] = INGRESS_PLAIN,	 /* recvfrom */
	[211] = EGRESS_MESSAGE,	 /* sendmsg */
	[212] = INGRESS_MESSAGE, /* recvmsg */
	[242] = ACCEPT,		 /* accept4 */
	[243] = INGRESS_MANY,	 /* recvmmsg */
	[269] = EGRESS_MANY,	 /* sendmmsg */
	[441] = WAIT,		 /* epoll_pwait2 */
};

/* x0 holds the return value at exit; the first argument is kept aside. */
#define argument_0(regs) argument_from((regs)->orig_x0)
#define argument_1(regs) argument_from((regs)->regs[1])
#define argument_2(regs) argument_from((regs)->regs[2])
#define argument_3(regs) argument_from((regs)->regs[3])
#define argument_4(regs) argument_from((regs)->regs[4])
#define syscall_number(regs) ((regs)->syscallno)
#define returned_pointer(regs) ((regs)->regs[0])

/* TIF_32BIT */
#define is_compat(task) ((task)->thread_info.flags & (1UL << 22))

#endif

static __always_inline enum action action_of(long number)
{
	if ((unsigned long)number >= SYSCALL_TABLE_SIZE)
		return ACTION_NONE;
	return actions[number & (SYSCALL_TABLE_SIZE - 1)];
}

#endif
