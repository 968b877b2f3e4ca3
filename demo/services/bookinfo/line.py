"""A line between two interfaces of this network namespace that delays every frame and loses some, both ways.

Arguments: both interfaces, delay in milliseconds, loss in percent. Frames are lost evenly: of 50 the last one, with 2 %.
"""

import collections
import select
import socket
import sys
import time

interfaces, delay_seconds, loss_percent = sys.argv[1:3], float(sys.argv[3]) / 1000, float(sys.argv[4])

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
# Before each frame stands what the kernel has still to do with it, such as its checksum.
PACKET_VNET_HDR = 15
LONGEST_FRAME = 1 << 17
MOST_WAITING = 10_000
# An interface says once that it is down. One that says so without end cannot be read any more.
MOST_FAULTS_IN_A_ROW = 1_000


def open_interface(name):
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    packets.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    packets.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    packets.bind((name, ETH_P_ALL))
    packets.setblocking(False)
    return packets


left, right = map(open_interface, interfaces)
others = {left: right, right: left}
lost = {left: 0.0, right: 0.0}
waiting = collections.deque()
faults = {left: 0, right: 0}


def is_lost(side):
    lost[side] += loss_percent / 100
    if lost[side] < 1:
        return False
    lost[side] -= 1
    return True


def receive(side):
    try:
        frame = side.recv(LONGEST_FRAME)
        faults[side] = 0
        return frame
    except OSError:
        faults[side] += 1
        if faults[side] >= MOST_FAULTS_IN_A_ROW:
            raise
        return None


def send(side, frame):
    try:
        side.send(frame)
    except OSError:
        # A full queue, a frame too long, an interface that is down or gone: lines lose frames.
        pass


while True:
    pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    readable, _, _ = select.select([left, right], [], [], pause)
    for side in readable:
        frame = receive(side)
        if frame is not None and not is_lost(side) and len(waiting) < MOST_WAITING:
            waiting.append((time.monotonic() + delay_seconds, others[side], frame))
    while waiting and waiting[0][0] <= time.monotonic():
        _, side, frame = waiting.popleft()
        send(side, frame)
