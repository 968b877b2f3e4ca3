/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Reading kernel memory through any pointer. bpf_rdonly_cast() (since 6.2) makes it one load that yields 0 on a bad
 * address; older kernels take a helper call for each field.
 */
#ifndef SPANLOOM_KERNEL_READ_H
#define SPANLOOM_KERNEL_READ_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "kernel-types.h"
#include "knobs.h"

extern void *bpf_rdonly_cast(const void *pointer, __u32 type_id) __ksym __weak;

/* The value of a field of the kernel's `type` at `pointer`; 0 where it cannot be read. */
#define read_kernel(pointer, type, field)                                                              \
	({                                                                                             \
		const void *pointer_ = (pointer);                                                      \
		typeof(((type *)0)->field) value_ = 0;                                                 \
		if (knobs.has_read_only_cast)                                                          \
			value_ = ((type *)bpf_rdonly_cast(pointer_, bpf_core_type_id_kernel(type)))->field; \
		else                                                                                   \
			bpf_core_read(&value_, sizeof(value_), &((type *)pointer_)->field);           \
		value_;                                                                                \
	})

/* The pointer stored at an address of kernel memory. list_head is any structure that begins with a pointer. */
static __always_inline void *read_kernel_pointer(const void *address)
{
	return read_kernel(address, struct list_head, next);
}

#endif
