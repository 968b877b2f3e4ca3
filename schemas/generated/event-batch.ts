// Generated from schemas/avro/event-batch.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, readMap, writeArray, writeMap } from '../avro-blocks.ts';

/** A count of events that the host lost, or sent without a part of them. Lost: ring_full (no room in the ring buffer), map_full (no room in the kernel for the state of a thread or a socket), undelivered (the addon could not hand over a block of events), failed (the collector could not send a batch). Sent, but incomplete: payload_unreadable (the payload is empty or ends early), socket_unresolved (a socket whose addresses could not be read: all its events lack them). Either: arguments_missed. Lost are calls whose message header could not be read, and datagrams of one call beyond the eighth; incomplete are events without the payload or the remote address that the call names. */
export interface Loss {
  /** One of the reasons that Loss explains. The kernel programs count ring_full, socket_unresolved, payload_unreadable, map_full and arguments_missed (bpf/event.h), the addon undelivered (native/block.h), the collector failed (collector/capture/bpf-source.ts). */
  readonly reason: string;
  /** Events lost or incomplete for this reason since the previous batch; for socket_unresolved: sockets. An unreadable header among several datagrams of one call counts once, although the datagrams after it are lost too. */
  readonly count: number;
}

/** Reads one Loss; throws AvroDecodeError on bytes that are none. */
export function readLoss(reader: AvroReader): Loss {
  const reason = reader.readString();
  const count = reader.readLong();
  return { reason, count };
}

/** Writes one Loss. */
export function writeLoss(writer: AvroWriter, value: Loss): void {
  writer.writeString(value.reason);
  writer.writeLong(value.count);
}

/** What /proc tells of one process. */
export interface ProcessFacts {
  /** Process id (tgid) in the host's PID namespace. */
  readonly processId: number;
  /** Unix time in nanoseconds at which the process started. */
  readonly startTimeNs: bigint;
  /** The kernel's name of the thread-group leader (comm). */
  readonly name: string;
  /** OTEL_SERVICE_NAME of the process, else the base name of the script an interpreter runs, else the base name of the executable, or the kernel's name where that is another (one executable under several names). */
  readonly serviceName: string;
  /** Path of the executable; empty when unreadable. */
  readonly executable: string;
  /** 64 hex digits from the cgroup path; empty outside containers. */
  readonly containerId: string;
  /** Kubernetes pod uid from the cgroup path, else from the environment (SPANLOOM_POD_UID, POD_UID); empty outside pods. */
  readonly podUid: string;
  /** Integer id of this process as a Resource of kind process. */
  readonly resourceId: number;
  /** Integer id of the host as a Resource of kind host. */
  readonly hostResourceId: number;
  /** Chosen environment variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Reads one ProcessFacts; throws AvroDecodeError on bytes that are none. */
export function readProcessFacts(reader: AvroReader): ProcessFacts {
  const processId = reader.readInt();
  const startTimeNs = reader.readBigLong();
  const name = reader.readString();
  const serviceName = reader.readString();
  const executable = reader.readString();
  const containerId = reader.readString();
  const podUid = reader.readString();
  const resourceId = reader.readInt();
  const hostResourceId = reader.readInt();
  const environment = readMap(reader, (reader) => reader.readString());
  return { processId, startTimeNs, name, serviceName, executable, containerId, podUid, resourceId, hostResourceId, environment };
}

/** Writes one ProcessFacts. */
export function writeProcessFacts(writer: AvroWriter, value: ProcessFacts): void {
  writer.writeLong(value.processId);
  writer.writeBigLong(value.startTimeNs);
  writer.writeString(value.name);
  writer.writeString(value.serviceName);
  writer.writeString(value.executable);
  writer.writeString(value.containerId);
  writer.writeString(value.podUid);
  writer.writeLong(value.resourceId);
  writer.writeLong(value.hostResourceId);
  writeMap(writer, value.environment, (writer, item) => writer.writeString(item));
}

/** Symbols of EventKind, by their position in the encoding. */
export const eventKindSymbols = ['data', 'connect', 'accept', 'close'] as const;
export type EventKind = (typeof eventKindSymbols)[number];
/** Position of each symbol of EventKind in the encoding. */
export const eventKindIndex: Readonly<Record<EventKind, number>> = { data: 0, connect: 1, accept: 2, close: 3 };

/** Symbols of Direction, by their position in the encoding. */
export const directionSymbols = ['ingress', 'egress'] as const;
export type Direction = (typeof directionSymbols)[number];
/** Position of each symbol of Direction in the encoding. */
export const directionIndex: Readonly<Record<Direction, number>> = { ingress: 0, egress: 1 };

/** Symbols of ContextKind, by their position in the encoding. */
export const contextKindSymbols = ['thread', 'goroutine', 'coroutine', 'python_context', 'virtual_thread'] as const;
export type ContextKind = (typeof contextKindSymbols)[number];
/** Position of each symbol of ContextKind in the encoding. */
export const contextKindIndex: Readonly<Record<ContextKind, number>> = { thread: 0, goroutine: 1, coroutine: 2, python_context: 3, virtual_thread: 4 };

/** Symbols of Transport, by their position in the encoding. */
export const transportSymbols = ['unknown', 'tcp', 'udp', 'unix'] as const;
export type Transport = (typeof transportSymbols)[number];
/** Position of each symbol of Transport in the encoding. */
export const transportIndex: Readonly<Record<Transport, number>> = { unknown: 0, tcp: 1, udp: 2, unix: 3 };

/** Symbols of SocketRole, by their position in the encoding. */
export const socketRoleSymbols = ['unknown', 'client', 'server'] as const;
export type SocketRole = (typeof socketRoleSymbols)[number];
/** Position of each symbol of SocketRole in the encoding. */
export const socketRoleIndex: Readonly<Record<SocketRole, number>> = { unknown: 0, client: 1, server: 2 };

/** One call on a socket, or one TLS plaintext buffer. */
export interface SocketEvent {
  /** Unique and ascending per agent, also over restarts: a counter seeded with Unix microseconds when capture starts. Below 2^53. */
  readonly id: number;
  /** What happened. */
  readonly kind: EventKind;
  /** For data: read or written. Else: egress for connect, ingress for accept and close. */
  readonly direction: Direction;
  /** Nanoseconds since the batch's base: call entry for egress, connect and close, call exit for ingress and accept. */
  readonly timeOffsetNs: number;
  /** Process id (tgid) in the host's PID namespace. 0 for a close: the kernel ended the socket after its process had let go of it. */
  readonly processId: number;
  /** Thread id in the host's PID namespace. */
  readonly threadId: number;
  /** What runs the call: a thread, a goroutine of Go, a context of CPython (contextvars) that the thread has entered, a virtual thread of Java. A coroutine is a greenlet of CPython (gevent). Of goroutines, coroutines and virtual threads after and phase are 0: what their thread did says nothing of them. */
  readonly contextKind: ContextKind;
  /** Thread id, goroutine id, id of the Python context, id of the virtual thread, by context_kind. 0: the call is run by such a context, and which one could not be read. A Python context that was seen to begin has an id out of the ids of events: it began after event N if and only if its id is greater than N, and no other context ever has that id. One that began unseen, such as before the capture, has its address in memory plus 2^48, which lies from 2^48 to 2^49 - 1: below all ids of events, and another context has it when the address is used again. That of a coroutine is the address of its stack in memory, below 2^48, which likewise is used again. */
  readonly contextId: number;
  /** context_id of the context that created this one, of the one that created that, and so on, as far as they are known: of a goroutine one at most, of a Python context six at most. A Python context is created as a copy of the one that runs. When a thread runs in none, or in its own, that is the id of the thread, which is below 2^32, and the last in the list. */
  readonly contextAncestors: readonly number[];
  /** Pairs, nearest first, three at most: context_id of a context that waited for an answer from this one, or from the one before it in this list, and of the context that created it, 0 where that is not known. Only of goroutines: found in user memory at the first write of a message by one that serves no request of its own, and again when the first read after it returns on that socket, if no other wrote meanwhile. A fact of that moment, not a proof. */
  readonly answersTo: readonly number[];
  /** Ids of events, the latest four at most: reads of answers by other threads of the process, which then woke this thread, since its last event. It had waited for a condition, most likely for these answers, while it served a request. Only of threads; empty unless the agent reads wake-ups. */
  readonly wokenAfter: readonly number[];
  /** The kernel's name of the thread-group leader. */
  readonly processName: string;
  /** Identity of the socket, never reused by an agent. */
  readonly socketId: number;
  /** Descriptor used in the call. */
  readonly fileDescriptor: number;
  /** Inode number of the socket's network namespace. */
  readonly networkNamespace: number;
  /** Transport of the socket. */
  readonly transport: Transport;
  /** client: connect() was seen; server: accept() was seen; unknown: the socket is older than the capture, or connectionless. */
  readonly role: SocketRole;
  /** 4 or 16 bytes in network order. Of a Unix socket the path of its listener, or @ and an abstract name, ended by one or two zeros: never 4 or 16 bytes; empty at the client. */
  readonly localAddress: Uint8Array;
  /** Local port in host order. */
  readonly localPort: number;
  /** As local_address; empty at the server of a Unix socket. */
  readonly remoteAddress: Uint8Array;
  /** Remote port in host order. */
  readonly remotePort: number;
  /** The payload is plaintext taken from a TLS library; tcp_sequence is that of the ciphertext. */
  readonly tls: boolean;
  /** Bytes moved by the call; 0 for connect, accept and close, and for a read that returned the end of the stream in another phase, or after other messages, than its last bytes. */
  readonly length: number;
  /** TCP sequence number of the first byte of this call, unsigned 32 bit; 0 where there is none. Of a Unix socket a number of the same kind, counted by the agent (bpf/maps/streams.h); 0 where it is not known. */
  readonly tcpSequence: number;
  /** How many phases this context has begun. A phase begins when the context may turn to other work: it returned from waiting for several sockets at once, read an eventfd, timerfd or the like, or its libuv loop passed from polling to its check callbacks (bpf/README.md lists all cases). Where connect_id is set: as it was at connect(). */
  readonly phase: number;
  /** The id of the message this context read last in this phase; 0 if none. Where connect_id is set: as it was at connect(). */
  readonly after: number;
  /** On the first egress of a connection, and on the connect event that says that a connect failed after it had returned: the id of its (first) connect event. Else 0. */
  readonly connectId: number;
  /** Id of the event that started the message this call continues; equal to id when this call starts one. A message starts when the direction on the socket changes. */
  readonly messageId: number;
  /** errno of a failed connect; ECANCELED when the program closed the socket while it was connecting; 0 otherwise. */
  readonly error: number;
  /** The first bytes of the call, redacted: up to the message's budget (default 512 over all its calls); beyond it up to 32 bytes of each call, so that a new message in the same direction can be recognised. Empty where the protocol is not recognised on the host. */
  readonly payload: Uint8Array;
  /** What redaction covered: pairs of offset and length, in bytes of the payload, ascending. A pair whose offset is the payload's length was captured and held back. */
  readonly redacted: readonly number[];
}

/** Reads one SocketEvent; throws AvroDecodeError on bytes that are none. */
export function readSocketEvent(reader: AvroReader): SocketEvent {
  const id = reader.readLong();
  const kind = reader.readEnum(eventKindSymbols);
  const direction = reader.readEnum(directionSymbols);
  const timeOffsetNs = reader.readLong();
  const processId = reader.readInt();
  const threadId = reader.readInt();
  const contextKind = reader.readEnum(contextKindSymbols);
  const contextId = reader.readLong();
  const contextAncestors = readArray(reader, (reader) => reader.readLong());
  const answersTo = readArray(reader, (reader) => reader.readLong());
  const wokenAfter = readArray(reader, (reader) => reader.readLong());
  const processName = reader.readString();
  const socketId = reader.readLong();
  const fileDescriptor = reader.readInt();
  const networkNamespace = reader.readLong();
  const transport = reader.readEnum(transportSymbols);
  const role = reader.readEnum(socketRoleSymbols);
  const localAddress = reader.readBytes();
  const localPort = reader.readInt();
  const remoteAddress = reader.readBytes();
  const remotePort = reader.readInt();
  const tls = reader.readBoolean();
  const length = reader.readLong();
  const tcpSequence = reader.readLong();
  const phase = reader.readLong();
  const after = reader.readLong();
  const connectId = reader.readLong();
  const messageId = reader.readLong();
  const error = reader.readInt();
  const payload = reader.readBytes();
  const redacted = readArray(reader, (reader) => reader.readInt());
  return { id, kind, direction, timeOffsetNs, processId, threadId, contextKind, contextId, contextAncestors, answersTo, wokenAfter, processName, socketId, fileDescriptor, networkNamespace, transport, role, localAddress, localPort, remoteAddress, remotePort, tls, length, tcpSequence, phase, after, connectId, messageId, error, payload, redacted };
}

/** Writes one SocketEvent. */
export function writeSocketEvent(writer: AvroWriter, value: SocketEvent): void {
  writer.writeLong(value.id);
  writer.writeEnum(value.kind, eventKindIndex);
  writer.writeEnum(value.direction, directionIndex);
  writer.writeLong(value.timeOffsetNs);
  writer.writeLong(value.processId);
  writer.writeLong(value.threadId);
  writer.writeEnum(value.contextKind, contextKindIndex);
  writer.writeLong(value.contextId);
  writeArray(writer, value.contextAncestors, (writer, item) => writer.writeLong(item));
  writeArray(writer, value.answersTo, (writer, item) => writer.writeLong(item));
  writeArray(writer, value.wokenAfter, (writer, item) => writer.writeLong(item));
  writer.writeString(value.processName);
  writer.writeLong(value.socketId);
  writer.writeLong(value.fileDescriptor);
  writer.writeLong(value.networkNamespace);
  writer.writeEnum(value.transport, transportIndex);
  writer.writeEnum(value.role, socketRoleIndex);
  writer.writeBytes(value.localAddress);
  writer.writeLong(value.localPort);
  writer.writeBytes(value.remoteAddress);
  writer.writeLong(value.remotePort);
  writer.writeBoolean(value.tls);
  writer.writeLong(value.length);
  writer.writeLong(value.tcpSequence);
  writer.writeLong(value.phase);
  writer.writeLong(value.after);
  writer.writeLong(value.connectId);
  writer.writeLong(value.messageId);
  writer.writeLong(value.error);
  writer.writeBytes(value.payload);
  writeArray(writer, value.redacted, (writer, item) => writer.writeLong(item));
}

/** Events that one agent's kernel programs saw. Topic events, key: agent_id in decimal. The agent collects events until there are 1,024 or 100 ms have passed (default), and sends at most 8,192 or about 1 MiB in one batch: one poll of the ring buffer may give no batch or several. A batch without events is a heartbeat. */
export interface EventBatch {
  /** The agent's id: 53 bits of the hash of its public key. Everything in this batch is in its clock domain. */
  readonly agentId: number;
  /** Host name as the kernel tells it. */
  readonly hostName: string;
  /** Counts batches of one run of the agent, from 1. A gap means a lost batch. */
  readonly sequence: number;
  /** Unix time in nanoseconds at base_monotonic_ns, by the agent's clock. */
  readonly baseTimeNs: bigint;
  /** CLOCK_MONOTONIC in nanoseconds that every time_offset_ns of this batch counts from. */
  readonly baseMonotonicNs: number;
  /** Everything the agent saw up to base + this has been sent in this batch or an earlier one, or is counted in losses. Exceptions: a write or connect that was still blocked one poll interval (default 10 ms) later comes when it returns, with the id and the time at which it began. After 32,768 events within one poll interval, other calls too may come late. */
  readonly untilOffsetNs: number;
  /** What was lost or is incomplete since the previous batch, by reason. Empty when nothing was. */
  readonly losses: readonly Loss[];
  /** Facts of processes seen for the first time, or changed; they hold for the events of this batch and later ones. */
  readonly processes: readonly ProcessFacts[];
  /** In ascending order of id within one execution context; of several contexts too, also over batches, except calls that come late (until_offset_ns). Last field, so that a writer can append ready-made Avro blocks. */
  readonly events: readonly SocketEvent[];
}

/** Reads one EventBatch; throws AvroDecodeError on bytes that are none. */
export function readEventBatch(reader: AvroReader): EventBatch {
  const agentId = reader.readLong();
  const hostName = reader.readString();
  const sequence = reader.readLong();
  const baseTimeNs = reader.readBigLong();
  const baseMonotonicNs = reader.readRoundedLong();
  const untilOffsetNs = reader.readLong();
  const losses = readArray(reader, (reader) => readLoss(reader), 2);
  const processes = readArray(reader, (reader) => readProcessFacts(reader), 10);
  const events = readArray(reader, (reader) => readSocketEvent(reader), 31);
  return { agentId, hostName, sequence, baseTimeNs, baseMonotonicNs, untilOffsetNs, losses, processes, events };
}

/** Writes one EventBatch. */
export function writeEventBatch(writer: AvroWriter, value: EventBatch): void {
  writer.writeLong(value.agentId);
  writer.writeString(value.hostName);
  writer.writeLong(value.sequence);
  writer.writeBigLong(value.baseTimeNs);
  writer.writeLong(value.baseMonotonicNs);
  writer.writeLong(value.untilOffsetNs);
  writeArray(writer, value.losses, (writer, item) => writeLoss(writer, item));
  writeArray(writer, value.processes, (writer, item) => writeProcessFacts(writer, item));
  writeArray(writer, value.events, (writer, item) => writeSocketEvent(writer, item));
}
