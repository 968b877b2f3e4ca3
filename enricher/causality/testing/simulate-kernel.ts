import type { Direction, EventKind, SocketEvent } from '../../../schemas/generated/event-batch.ts';

/** The part of a simulation that plays the kernel: sockets, and what its programs note of contexts. For tests. */

/** A socket of the simulated process. */
export interface SimulatedSocket {
  readonly id: number;
  readonly role: SocketEvent['role'];
  readonly remotePort: number;
  direction: Direction | undefined;
  messageId: number;
  bytesIn: number;
  bytesOut: number;
  /** As they were at connect(); until the first bytes are written. */
  connectOrigin: { readonly after: number; readonly phase: number; readonly connectId: number } | undefined;
}

interface Slot {
  after: number;
  phase: number;
  /** The last event in which it read. */
  readIn: number;
  wokenAfter: number[];
}

const processId = 1000;
const backendPort = 90;
const loopback = Uint8Array.of(127, 0, 0, 1);

/** Sends events as the kernel programs would. */
export class Kernel {
  nowNs = 1_000_000_000;
  readonly events: SocketEvent[] = [];
  private nextId = 1_000_000;
  private nextSocket = 1;
  private readonly slots = new Map<number, Slot>();

  /** A client connected. */
  accepted(thread: number): SimulatedSocket {
    const socket = this.socket('server');
    this.emit(thread, socket, 'accept', 'ingress', '', 0);
    return socket;
  }

  /** The process connects. */
  connected(thread: number): SimulatedSocket {
    const socket = this.socket('client');
    const { after, phase } = this.slot(thread);
    const event = this.emit(thread, socket, 'connect', 'egress', '', 0);
    socket.connectOrigin = { after, phase, connectId: event.id };
    return socket;
  }

  /** A connection older than the capture. */
  known(remotePort = backendPort): SimulatedSocket {
    return { ...this.socket('unknown'), remotePort };
  }

  read(thread: number, socket: SimulatedSocket, text: string, bytes: number): void {
    const event = this.emit(thread, socket, 'data', 'ingress', text, bytes);
    const slot = this.slot(thread);
    slot.after = event.messageId;
    slot.readIn = event.id;
  }

  /** The peer sends nothing more, and the process reads that. */
  end(thread: number, socket: SimulatedSocket): void {
    this.read(thread, socket, '', 0);
  }

  write(thread: number, socket: SimulatedSocket, text: string, bytes = text.length): void {
    this.emit(thread, socket, 'data', 'egress', text, bytes);
  }

  close(thread: number, socket: SimulatedSocket): void {
    this.emit(thread, socket, 'close', 'egress', '', 0);
  }

  /** epoll_wait returned. */
  wait(thread: number): void {
    this.wake(thread);
  }

  /** Work with another cause begins: the timer phase, or a wake-up. */
  wake(thread: number): void {
    const slot = this.slot(thread);
    slot.after = 0;
    slot.phase++;
  }

  /** A thread wakes another one, which waited. */
  wakes(thread: number, woken: number): void {
    this.slot(woken).wokenAfter.push(this.slot(thread).readIn);
  }

  private slot(thread: number): Slot {
    let slot = this.slots.get(thread);
    if (slot === undefined) this.slots.set(thread, (slot = { after: 0, phase: 0, readIn: 0, wokenAfter: [] }));
    return slot;
  }

  private socket(role: SimulatedSocket['role']): SimulatedSocket {
    const id = this.nextSocket++;
    return {
      id,
      role,
      remotePort: role === 'server' ? 10_000 + id : backendPort,
      direction: undefined,
      messageId: 0,
      bytesIn: 0,
      bytesOut: 0,
      connectOrigin: undefined,
    };
  }

  private emit(
    thread: number,
    socket: SimulatedSocket,
    kind: EventKind,
    direction: Direction,
    text: string,
    length: number,
  ): SocketEvent {
    const id = this.nextId++;
    const slot = this.slot(thread);
    const connectOrigin = kind === 'data' && direction === 'egress' ? socket.connectOrigin : undefined;
    if (connectOrigin !== undefined) socket.connectOrigin = undefined;
    if (kind === 'data' && socket.direction !== direction) {
      socket.direction = direction;
      socket.messageId = id;
    }
    const sequence = direction === 'egress' ? socket.bytesOut : socket.bytesIn;
    if (direction === 'egress') socket.bytesOut += length;
    else socket.bytesIn += length;
    const isServer = socket.role === 'server';
    const event: SocketEvent = {
      id,
      kind,
      direction,
      timeOffsetNs: Math.round(this.nowNs),
      processId,
      threadId: thread,
      contextKind: 'thread',
      contextId: thread,
      contextAncestors: [],
      answersTo: [],
      wokenAfter: kind === 'data' ? slot.wokenAfter.splice(0) : [],
      processName: 'gateway',
      socketId: socket.id,
      fileDescriptor: socket.id,
      networkNamespace: 1,
      transport: 'tcp',
      role: socket.role,
      localAddress: loopback,
      localPort: isServer ? 80 : 10_000 + socket.id,
      remoteAddress: loopback,
      remotePort: socket.remotePort,
      tls: false,
      length,
      tcpSequence: kind === 'data' ? sequence + 1 : 0,
      phase: connectOrigin?.phase ?? slot.phase,
      after: direction === 'egress' ? (connectOrigin?.after ?? slot.after) : 0,
      connectId: connectOrigin?.connectId ?? 0,
      messageId: kind === 'data' ? socket.messageId : id,
      error: 0,
      payload: Buffer.from(text, 'latin1'),
      redacted: [],
    };
    this.events.push(event);
    return event;
  }
}
