/**
 * Messages of the flows in a capture file: what the protocols' dissectors make of its segments, one by one, without pairing.
 * State: a conversation for each open flow, of which native code has a bounded number.
 */
import { dissectors } from '../../protocols/dissectors.ts';
import type { Message, RequestHeaders, Sender } from '../../protocols/dissection/dissector.ts';
import { SocketDissection } from '../../protocols/dissection/socket-dissection.ts';
import type { PacketSegment } from '../../schemas/generated/event-batch.ts';
import type { Protocol, SpanStatus } from '../../schemas/generated/span.ts';

/** A message, once its size is known. Texts are empty and numbers 0 where nothing is known. */
export interface FlowMessage {
  /** Unix time of its first byte, in nanoseconds. */
  readonly timeNs: bigint;
  readonly protocol: Protocol;
  readonly kind: 'request' | 'response';
  readonly version: string;
  readonly requestType: string;
  readonly domain: string;
  readonly resource: string;
  readonly endpoint: string;
  readonly requestId: number;
  readonly status: SpanStatus;
  readonly responseCode: number;
  readonly exception: string;
  readonly headers: Pick<RequestHeaders, 'traceId' | 'spanId' | 'xRequestId'>;
  /** On the wire: as its head declares, else up to where the other side, or its own next message, began. */
  readonly bytes: number;
}

/** Where a segment began. */
interface Origin {
  readonly timeNs: bigint;
  /** Bytes that its sender had sent before it. */
  readonly streamOffset: number;
}

/** A message whose end was not seen yet. */
interface Waiting {
  readonly message: FlowMessage;
  readonly startsAt: number;
  readonly declaredBytes: number;
}

/** Nothing moved for so long: whatever was on its way has arrived. */
const pauseNs = 1_000_000_000n;
const noHeaders: FlowMessage['headers'] = { traceId: '', spanId: '', xRequestId: '' };

class Flow {
  readonly dissection: SocketDissection<Origin>;
  readonly #sent: Record<Sender, number> = { client: 0, server: 0 };
  readonly #waiting: Record<Sender, Waiting | undefined> = { client: undefined, server: undefined };
  #movedNs = 0n;

  constructor({ isRoleKnown, fromClient, senderPort, receiverPort, transport }: PacketSegment) {
    const [clientPort, serverPort] = fromClient ? [senderPort, receiverPort] : [receiverPort, senderPort];
    const localRole = isRoleKnown ? 'server' : undefined;
    // As the enricher has it: the server is the local end.
    const facts = { localRole, localPort: serverPort, remotePort: clientPort, transport } as const;
    this.dissection = new SocketDissection<Origin>(dissectors, facts);
  }

  read(segment: PacketSegment, timeNs: bigint, lastTimeNs: bigint, emit: (message: FlowMessage) => void): void {
    const end = segment.fromClient ? 'client' : 'server';
    const origin = { timeNs, streamOffset: this.#sent[end] + segment.gapBytes };
    const { length, startsMessage } = segment;
    const afterPause = this.#movedNs !== 0n && timeNs - this.#movedNs >= pauseNs;
    this.#movedNs = lastTimeNs;
    this.dissection.read(
      segment.fromClient ? 'remote' : 'local',
      { origin, bytes: segment.payload as Buffer, length, startsMessage, afterPause },
      (message) => this.#take(message, emit),
      segment.tcpSequence,
    );
    this.#sent[end] = origin.streamOffset + length;
  }

  /** The flow has ended. */
  end(emit: (message: FlowMessage) => void): void {
    this.dissection.end((message) => this.#take(message, emit));
    for (const from of ['client', 'server'] as const) this.#finish(from, this.#sent[from], emit);
  }

  #take(message: Message<Origin>, emit: (message: FlowMessage) => void): void {
    if (message.kind === 'end') return;
    const server = this.dissection.localRole === 'client' ? 'client' : 'server';
    const client = server === 'server' ? 'client' : 'server';
    const [from, other]: readonly [Sender, Sender] = message.kind === 'request' ? [client, server] : [server, client];
    const startsAt = message.origin.streamOffset + message.offset;
    this.#finish(other, this.#sent[other], emit);
    this.#finish(from, startsAt, emit);
    const declaredBytes = message.kind === 'response' ? message.declaredBytes : 0;
    this.#waiting[from] = { message: flowMessage(message, this.dissection.protocol), startsAt, declaredBytes };
  }

  #finish(from: Sender, endsAt: number, emit: (message: FlowMessage) => void): void {
    const waiting = this.#waiting[from];
    if (waiting === undefined) return;
    this.#waiting[from] = undefined;
    const { message, startsAt, declaredBytes } = waiting;
    emit({ ...message, bytes: declaredBytes === 0 ? Math.max(0, endsAt - startsAt) : declaredBytes });
  }
}

function flowMessage(message: Exclude<Message<Origin>, { kind: 'end' }>, protocol: Protocol): FlowMessage {
  const { kind, requestId, origin } = message;
  const shared = { timeNs: origin.timeNs, protocol, kind, requestId, bytes: 0 };
  if (message.kind === 'request')
    return {
      ...shared,
      version: message.version,
      requestType: message.requestType,
      domain: message.requestDomain,
      resource: message.requestResource,
      endpoint: message.endpoint,
      status: 'unknown',
      responseCode: 0,
      exception: '',
      headers: message.headers,
    };
  return {
    ...shared,
    version: message.version ?? '',
    requestType: '',
    domain: message.requestDomain ?? '',
    resource: '',
    endpoint: '',
    status: message.status,
    responseCode: message.responseCode,
    exception: message.exception,
    headers: { ...noHeaders, xRequestId: message.xRequestId ?? '' },
  };
}

/** Dissects segments of any number of flows. */
export class MessageDissection {
  readonly #flows = new Map<number, Flow>();
  readonly #emit: (message: FlowMessage) => void;

  /** @param emit called with each message, when its size is known: those of one flow in their order */
  constructor(emit: (message: FlowMessage) => void) {
    this.#emit = emit;
  }

  /** @param baseNs Unix time in nanoseconds that its offsets count from */
  read(segment: PacketSegment, baseNs: bigint): void {
    let flow = this.#flows.get(segment.flowId);
    if (flow === undefined) this.#flows.set(segment.flowId, (flow = new Flow(segment)));
    const timeNs = baseNs + BigInt(segment.timeOffsetNs);
    flow.read(segment, timeNs, baseNs + BigInt(segment.lastTimeOffsetNs), this.#emit);
  }

  /** A flow was closed. */
  end(flowId: number): void {
    this.#flows.get(flowId)?.end(this.#emit);
    this.#flows.delete(flowId);
  }

  /** There are no more segments. */
  endAll(): void {
    for (const flowId of [...this.#flows.keys()]) this.end(flowId);
  }
}
