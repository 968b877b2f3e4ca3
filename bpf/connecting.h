/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Connects that go on after connect() returned: one that does not block, or that a signal interrupted. Whoever takes the
 * entry out of the map reports the outcome, so it is reported once.
 */
#ifndef SPANLOOM_CONNECTING_H
#define SPANLOOM_CONNECTING_H

#include "emit.h"
#include "maps/connecting.h"
#include "maps/sockets.h"

/* enum tcp_state of the kernel */
#define STATE_SYN_SENT 2
#define STATE_FIN_WAIT1 4
#define STATE_CLOSE 7
#define STATE_LAST_ACK 9

/* The program gave up before the connection was there. */
#define ERROR_CANCELED 125

static __always_inline __u8 state_of(struct sock *sock)
{
	return read_kernel(sock, struct sock, __sk_common.skc_state);
}

/* Why a socket that was connecting is closed now. */
static __always_inline __u32 connect_error(struct sock *sock)
{
	__u32 error = read_kernel(sock, struct sock, sk_err);

	return error ? error : ERROR_CANCELED;
}

/*
 * The socket of this connect event is still connecting. Returns its error when it no longer is and has failed: on the
 * loopback device the answer comes before connect() returns.
 */
static __always_inline __u32 watch_connect(struct sock *sock, const struct spanloom_event *event)
{
	__u64 key = (__u64)sock;

	if (state_of(sock) == STATE_SYN_SENT) {
		bpf_map_update_elem(&connecting, &key, event, BPF_ANY);
		if (state_of(sock) == STATE_SYN_SENT || bpf_map_delete_elem(&connecting, &key))
			return 0;
	}
	return state_of(sock) == STATE_CLOSE ? connect_error(sock) : 0;
}

/* A socket left the state in which it was connecting. */
static __always_inline void on_connect_outcome(struct sock *sock, int state, bool is_released)
{
	__u64 key = (__u64)sock;
	struct spanloom_event *begun = bpf_map_lookup_elem(&connecting, &key);
	struct socket_state *socket;
	struct spanloom_event event;

	if (!begun)
		return;
	event = *begun;
	if (bpf_map_delete_elem(&connecting, &key) || state != STATE_CLOSE)
		return;
	socket = known_socket(key);
	/* connect() may still ask how it came out. */
	if (socket && !is_released)
		socket->has_failed = 1;
	else if (socket)
		bpf_map_delete_elem(&sockets, &key);
	event.error = is_released ? ERROR_CANCELED : connect_error(sock);
	event.connect_id = event.id;
	event.id = next_event_id();
	event.message_id = event.id;
	event.time_ns = bpf_ktime_get_ns();
	send_bare(&event);
}

#endif
