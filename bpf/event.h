/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What crosses from the kernel programs to user space: one header for both sides. A test compares the layout that
 * each compiler made of it, so every byte of padding is written out.
 */
#ifndef SPANLOOM_EVENT_H
#define SPANLOOM_EVENT_H

#include <linux/types.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

/* Upper bound of the knob payload_bytes. */
#define SPANLOOM_MAX_PAYLOAD 4096
/* sun_path of struct sockaddr_un. */
#define SPANLOOM_MAX_PATH 108
/* TASK_COMM_LEN of the kernel. */
#define SPANLOOM_NAME_BYTES 16
/* Contexts of one chain that wait for each other's answer, and the bound of answers_to: each with its parent. */
#define SPANLOOM_MAX_WAITERS 3
#define SPANLOOM_MAX_ANSWERS_TO (2 * SPANLOOM_MAX_WAITERS)
/* Contexts above one that are kept: what created it, what created that, and so on. */
#define SPANLOOM_MAX_ANCESTORS 6

/* Bound of woken_after. */
#define SPANLOOM_MAX_WOKEN_AFTER 4

/* Positions of the symbols of EventKind in schemas/avro/event-batch.avsc. */
enum spanloom_kind {
	SPANLOOM_DATA = 0,
	SPANLOOM_CONNECT = 1,
	SPANLOOM_ACCEPT = 2,
	SPANLOOM_CLOSE = 3,
};

/* Positions of the symbols of Direction. */
enum spanloom_direction {
	SPANLOOM_INGRESS = 0,
	SPANLOOM_EGRESS = 1,
};

/* Positions of the symbols of Transport. */
enum spanloom_transport {
	SPANLOOM_TRANSPORT_UNKNOWN = 0,
	SPANLOOM_TCP = 1,
	SPANLOOM_UDP = 2,
	SPANLOOM_UNIX = 3,
};

/* Positions of the symbols of ContextKind. */
enum spanloom_context_kind {
	SPANLOOM_THREAD = 0,
	SPANLOOM_GOROUTINE = 1,
	SPANLOOM_COROUTINE = 2,
	SPANLOOM_PYTHON_CONTEXT = 3,
	SPANLOOM_VIRTUAL_THREAD = 4,
};

/* Positions of the symbols of SocketRole. */
enum spanloom_role {
	SPANLOOM_ROLE_UNKNOWN = 0,
	SPANLOOM_CLIENT = 1,
	SPANLOOM_SERVER = 2,
};

/*
 * Why an event was lost or is incomplete: positions in spanloom_state.losses. Loss in schemas/avro/event-batch.avsc says
 * which of the two each reason means.
 */
enum spanloom_loss {
	SPANLOOM_RING_FULL = 0,		 /* the ring buffer had no room */
	SPANLOOM_SOCKET_UNRESOLVED = 1,	 /* events of a socket were sent without its addresses */
	SPANLOOM_PAYLOAD_UNREADABLE = 2, /* the event was sent without (all of) its payload */
	SPANLOOM_MAP_FULL = 3,		 /* no room to remember a thread or a socket */
	SPANLOOM_ARGUMENTS_MISSED = 4,	 /* arguments unreadable (lost or incomplete), or too many datagrams */
	SPANLOOM_LOSSES = 5,
};

/* Bytes of a goroutine that are read at most. */
#define SPANLOOM_MAX_GOROUTINE 512

/* Entries of the map program_runtimes. */
#define SPANLOOM_MAX_PROGRAMS 4096

/* Entries of the map python_contexts. */
#define SPANLOOM_MAX_PYTHON_CONTEXTS 32768

/*
 * The id of a context of CPython that was seen to begin is drawn from the ids of events: unique, although its address is
 * used again, and the context began after event N if and only if its id is greater than N. Any other has its address plus
 * this as its id, which lies between this and twice this. Ids of events are Unix microseconds: they left that range in 1987.
 * Among the ancestors of a context, an id below 2^32 is that of a thread, in whose own context it was copied.
 */
#define SPANLOOM_UNSEEN_PYTHON_CONTEXT (1ULL << 48)

/* Slots of the map excluded_groups; those in use come first. */
#define SPANLOOM_EXCLUDED_GROUPS 16

/* Keys of the map many_programs. */
enum spanloom_many {
	SPANLOOM_MANY_INGRESS = 0, /* on_recvmmsg */
	SPANLOOM_MANY_EGRESS = 1,  /* on_sendmmsg */
	SPANLOOM_MANY_PROGRAMS = 2,
};

/* Who talks to whom over one socket. Fixed from connect() or accept() on. */
struct spanloom_socket {
	__u64 socket_id;
	__u32 network_namespace; /* inode number */
	__u16 local_port;	 /* host order */
	__u16 remote_port;	 /* host order */
	__u8 local_address[16];	 /* the first address_bytes of it, network order */
	__u8 remote_address[16]; /* likewise */
	__u8 address_bytes;	 /* 4 or 16; 0: a Unix socket, whose address is a path */
	__u8 transport;		 /* enum spanloom_transport */
	__u8 role;		 /* enum spanloom_role */
	__u8 reserved[5];
};

/* One record of the ring buffer; payload_length bytes of payload and path_length bytes of a path follow it. */
struct spanloom_event {
	__u64 id;
	__u64 time_ns;		/* CLOCK_MONOTONIC: call entry for egress, connect and close, else call exit */
	__u64 phase;
	__u64 after;
	__u64 connect_id;
	__u64 message_id;
	__u64 length;		/* bytes moved by the call */
	__u64 process_start_ns; /* CLOCK_BOOTTIME at which the thread-group leader started */
	__u64 context_id;	/* 0: which context it is could not be read */
	__u64 context_ancestors[SPANLOOM_MAX_ANCESTORS]; /* the first context_ancestor_count of them are set */
	__u64 answers_to[SPANLOOM_MAX_ANSWERS_TO]; /* the first answers_to_count of them are set */
	__u64 woken_after[SPANLOOM_MAX_WOKEN_AFTER]; /* the first woken_after_count of them are set */
	struct spanloom_socket socket;
	__u32 process_id;	/* in the initial PID namespace */
	__u32 thread_id;
	__s32 file_descriptor;
	__u32 tcp_sequence;	/* of Unix sockets: maps/streams.h */
	__u32 error;		/* errno of a failed connect */
	__u16 payload_length;
	__u8 kind;		/* enum spanloom_kind */
	__u8 direction;		/* enum spanloom_direction */
	__u8 context_kind;	/* enum spanloom_context_kind */
	__u8 answers_to_count;
	__u8 context_ancestor_count;
	__u8 path_length;	/* of a Unix socket, as the server bound it; a first byte of 0 is an abstract name */
	__u8 path_is_local;	/* it is the address of the local end, else of the remote one */
	__u8 woken_after_count;
	__u8 reserved[2];
	char process_name[SPANLOOM_NAME_BYTES];
};

/* Where the runtime of Go of one executable keeps what is read of a goroutine: offsets in bytes, below SPANLOOM_MAX_GOROUTINE. */
struct spanloom_go {
	__s64 g_distance; /* x86_64: from the thread pointer to the pointer to the goroutine */
	__u16 g_bytes;	    /* of a goroutine that hold all of the following, a multiple of 8 */
	__u16 g_m;
	__u16 g_id;
	__u16 g_parent; /* 0: this version does not keep it */
	__u16 g_start;
	__u16 m_current;
	__u16 sudog_g;
	__u16 sudog_channel;
	__u16 channel_receivers;
	__u16 reserved[3];
};

/*
 * Where CPython keeps its current context in one executable: offsets in bytes. The distance follows from the number of a
 * pthread key, which was read from one process of that executable. In a process that has another number, what is found
 * there says that it belongs to another thread, or to none, and is not believed.
 */
struct spanloom_python {
	__u32 state_distance; /* from the thread pointer to the pointer to the thread's PyThreadState */
	__u16 state_owner;    /* PyThreadState.thread_id */
	__u16 state_context;  /* PyThreadState.context */
	__u16 state_stack;    /* PyThreadState.datastack_chunk; 0: this version has none */
	__u16 state_id;	      /* PyThreadState.id */
	__u16 context_previous; /* PyContext.ctx_prev */
	__u16 context_entered;	/* PyContext.ctx_entered */
	__u16 begins_threads;	/* 1: each thread but the first begins with entering a new, empty context (3.14) */
	__u16 reserved[3];
};

/* Entries of the map java_processes. */
#define SPANLOOM_MAX_JAVA_PROCESSES 4096

/* What HotSpot has added to the addresses of objects in memory. */
enum spanloom_java_pointers {
	SPANLOOM_JAVA_PLAIN = 0,
	SPANLOOM_JAVA_COLOURED = 1, /* ZGC with generations: address << n, and bits below */
	SPANLOOM_JAVA_MAPPED = 2,   /* ZGC without: bits above, and memory is mapped at each of these addresses */
};

/* Where HotSpot keeps the virtual thread of a thread, in one process: addresses, and offsets in bytes. */
struct spanloom_java {
	__u64 thread_methods;	 /* what each JavaThread begins with; 0: this process has no virtual threads */
	__u64 safepoint_counter; /* odd while all threads stand still */
	__u64 bad_bits;		 /* unless pointers are plain: the bits that none has that may be followed */
	__u32 storage;		 /* from the thread's vector of storage blocks to the pointer to libjvm's block */
	__u32 current_thread;	 /* in that block */
	__u16 platform_thread;	 /* in JavaThread, likewise the following: handle of its own java.lang.Thread */
	__u16 virtual_thread;	 /* handle of the java.lang.Thread that it runs */
	__u16 monitor_owner;	 /* tid of the java.lang.Thread that it runs; 0: this version does not keep it */
	__u16 os_thread;
	__u16 os_thread_id; /* in OSThread: of the kernel, in the namespace of the process */
	__u16 tid;	    /* in java.lang.Thread */
	__u16 eetop;	    /* likewise: the JavaThread; 0 in virtual threads */
	__u8 pointers;	    /* enum spanloom_java_pointers */
	__u8 reserved;
};

/* A process that runs HotSpot, since its last exec. */
struct spanloom_java_process {
	__u64 start_ns; /* CLOCK_BOOTTIME */
	__u64 exec_id;
	__u32 process_id;
	__u32 reserved;
};

/* How the execution contexts of a program are read. */
struct spanloom_runtime {
	__u8 kind;	  /* enum spanloom_context_kind; thread: no runtime that is known */
	__u8 is_readable; /* 0: it has such contexts, and which one runs cannot be known, or is known by process only */
	__u8 reserved[6];
	struct spanloom_go go;		/* kind goroutine */
	struct spanloom_python python;	/* kind python_context */
};

/* An executable file as the kernel has it, which is not always what stat() tells (overlayfs, btrfs). */
struct spanloom_program {
	__u64 inode;
	__u64 bytes;
	__u64 modified_ns;
	__u32 device; /* dev_t of the kernel */
	__u32 reserved;
};

/* What a process runs: written by the program describe_process. */
struct spanloom_process {
	__u64 start_ns; /* CLOCK_BOOTTIME */
	__u64 exec_id;	/* changes with each exec */
	struct spanloom_program program;
	__u32 process_id;
	__u32 reserved;
};

/* Set before the programs are loaded; constants to the verifier. */
struct spanloom_knobs {
	__u32 payload_bytes;	  /* per message, at most SPANLOOM_MAX_PAYLOAD */
	__u32 continuation_bytes; /* of each call beyond that */
	__u32 has_read_only_cast; /* the kernel has bpf_rdonly_cast(): plain loads instead of helper calls */
	__u32 reads_waiters;	  /* who waits for a goroutine's answer */
	__u32 traces_unix;	  /* Unix stream sockets too */
	__u32 reads_wakes;	  /* which thread wakes which */
};

/* Memory shared while running. What each event writes is on another cache line than what it only reads. */
struct spanloom_state {
	__u64 next_event_id; /* seeded by user space */
	__u64 reserved_1[7];
	__u64 exclusion_epoch; /* raised by user space after each change of the map `excluded` */
	__u64 runtime_epoch;   /* raised by user space after each change of the map `program_runtimes` */
	__u64 reserved_2[6];
	__u64 next_socket_id; /* seeded by user space */
	__u64 losses[SPANLOOM_LOSSES];
	__u64 reserved_3[2];
};

#pragma GCC diagnostic pop

#endif
