/**
 * What goes into both runs: the recording of the demo, several times over in time and on several sets of hosts.
 *
 * Each set has three agents: the recorded processes are shared out to them, so calls between services are calls between
 * agents with clocks of their own. Every copy has ids, sequences and addresses of its own, so copies have nothing to do
 * with each other, except that processes live on. Two agents' clocks are set right in the middle: one forward, one back.
 */
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { encodeValue } from '../../core/codec.ts';
import { projectFile } from '../../core/project-files.ts';
import { eventBatchMessage } from '../../collector/capture/event-batch-message.ts';
import { hostResource, processResource, resourceMessage } from '../../collector/processes/resources.ts';
import { RecordingReader } from '../../collector/replay/recording-reader.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import {
  type EventBatch,
  type ProcessFacts,
  readEventBatch,
  type SocketEvent,
  writeEventBatch,
} from '../../schemas/generated/event-batch.ts';

/** A message, and when its agent would send it. */
export interface TimedMessage {
  /** Since the beginning of the input, by the clock that the agents should have. */
  readonly atMs: number;
  readonly message: OutgoingMessage;
  readonly agentId: number;
  readonly eventCount: number;
}

/** The input of a run; making it again gives the same. */
export interface ChaosInput {
  readonly agentCount: number;
  readonly durationMs: number;
  messages(): Generator<TimedMessage>;
}

const agentsPerSet = 3;
const copyPauseNs = 1e9;
/** Long enough for all that waits to become quiet. */
const finalHeartbeatsMs = [5_000, 10_000, 15_000, 20_000];
const idsPerCopy = 30_000_000;
const phasesPerCopy = 10_000_000;
const clockStepsNs: ReadonlyMap<number, bigint> = new Map([
  [1, 7_000_000_000n],
  [2, -4_000_000_000n],
]);

/** How one copy for one agent differs from the recording. */
interface Variation {
  readonly agentIndex: number;
  readonly set: number;
  readonly copy: number;
  readonly copyNs: number;
  readonly stepNs: bigint;
}

/** @param durationMs at least as long; whole copies are made */
export async function chaosInput(options: { readonly sets: number; readonly durationMs: number }): Promise<ChaosInput> {
  const batches = await recordedBatches();
  const endOf = (batch: EventBatch): bigint => batch.baseTimeNs + BigInt(Math.round(batch.untilOffsetNs));
  const firstNs = endOf(batches[0]!);
  const lengthNs = Number(endOf(batches.at(-1)!) - firstNs);
  const copyNs = lengthNs + copyPauseNs;
  const copies = Math.max(2, Math.ceil((options.durationMs * 1e6) / copyNs));
  const agentCount = options.sets * agentsPerSet;
  const processIds = [...new Set(batches.flatMap(({ events }) => events.map(({ processId }) => processId)))].sort();
  const agentOfProcess = new Map(processIds.map((processId, index) => [processId, index % agentsPerSet]));

  function* messages(): Generator<TimedMessage> {
    const resources = new DerivedResources();
    const last: { batch?: EventBatch; variations: Variation[] } = { variations: [] };
    for (let copy = 0; copy < copies; copy++)
      for (const [index, batch] of batches.entries()) {
        const atNs = Number(endOf(batch) - firstNs) + copy * copyNs;
        last.batch = batch;
        last.variations = [];
        for (let agentIndex = 0; agentIndex < agentCount; agentIndex++) {
          const isStepped = copy * batches.length + index >= (copies * batches.length) / 2;
          const stepNs = isStepped ? (clockStepsNs.get(agentIndex) ?? 0n) : 0n;
          const variation = { agentIndex, set: Math.floor(agentIndex / agentsPerSet), copy, copyNs, stepNs };
          last.variations.push(variation);
          const varied = vary(batch, batches.length, variation, (id) => agentOfProcess.get(id) ?? 0);
          for (const message of resources.of(varied)) yield timed(atNs / 1e6, message, varied);
          yield timed(atNs / 1e6, eventMessage(varied), varied);
        }
      }
    for (const [step, afterMs] of finalHeartbeatsMs.entries())
      for (const variation of last.variations) {
        const heartbeat = { ...last.batch!, sequence: last.batch!.sequence + step + 1, events: [], processes: [] };
        const until = { ...heartbeat, untilOffsetNs: heartbeat.untilOffsetNs + afterMs * 1e6 };
        const varied = vary(until, batches.length, variation, () => -1);
        yield timed((copies * copyNs) / 1e6 + step * 500, eventMessage(varied), varied);
      }
  }
  return { agentCount, durationMs: (copies * copyNs) / 1e6, messages };
}

function timed(atMs: number, message: OutgoingMessage, { agentId, events }: EventBatch): TimedMessage {
  return { atMs, message, agentId, eventCount: message.topic === 'events' ? events.length : 0 };
}

const eventMessage = (batch: EventBatch): OutgoingMessage =>
  eventBatchMessage(batch.agentId, encodeValue(batch, writeEventBatch));

async function recordedBatches(): Promise<readonly EventBatch[]> {
  const reader = await RecordingReader.open(projectFile('demo', 'recording.avro'));
  try {
    const batches: EventBatch[] = [];
    for await (const { value } of reader.batches()) batches.push(readEventBatch(new AvroReader(value)));
    return batches;
  } finally {
    await reader.close();
  }
}

function vary(
  batch: EventBatch,
  sequences: number,
  variation: Variation,
  agentOf: (processId: number) => number,
): EventBatch {
  const { agentIndex, copy, copyNs, stepNs } = variation;
  const isMine = ({ processId }: { readonly processId: number }): boolean =>
    agentOf(processId) === agentIndex % agentsPerSet;
  return {
    ...batch,
    agentId: 0x5eed_0000_0000 + agentIndex,
    hostName: `host-${agentIndex}`,
    sequence: batch.sequence + copy * sequences,
    baseTimeNs: batch.baseTimeNs + BigInt(copy * copyNs) + stepNs,
    baseMonotonicNs: batch.baseMonotonicNs + copy * copyNs,
    processes: batch.processes.filter(isMine).map((facts) => ({
      ...facts,
      resourceId: (facts.resourceId ^ (agentIndex << 8)) & 0x7fffffff,
      hostResourceId: (facts.hostResourceId ^ (agentIndex << 8)) & 0x7fffffff,
    })),
    events: batch.events.filter(isMine).map((event) => varyEvent(event, variation)),
  };
}

function varyEvent(event: SocketEvent, { set, copy }: Variation): SocketEvent {
  const id = (recorded: number): number => (recorded === 0 ? 0 : recorded + copy * idsPerCopy);
  const salt = copy * 64 + set;
  const sequence = event.tcpSequence;
  return {
    ...event,
    id: id(event.id),
    after: id(event.after),
    connectId: id(event.connectId),
    messageId: id(event.messageId),
    phase: event.phase + copy * phasesPerCopy,
    socketId: event.socketId + copy * idsPerCopy,
    localAddress: Uint8Array.of(10, set, 0, 1),
    remoteAddress: Uint8Array.of(10, set, 0, 1),
    tcpSequence: sequence === 0 ? 0 : (sequence + Math.imul(salt, 0x01f1_2bb5)) >>> 0 || 1,
    payload: varyPayload(event.payload, salt),
  };
}

const requestIdPattern = /x-request-id: (?=[0-9a-f]{8}-)/gi;

/** Request ids that applications pass on are the copy's own. */
function varyPayload(payload: Uint8Array, salt: number): Uint8Array {
  const text = Buffer.from(payload).toString('latin1');
  if (!/x-request-id: /i.test(text)) return payload;
  const varied = Buffer.from(payload);
  for (const { index, 0: name } of text.matchAll(requestIdPattern)) {
    const at = index + name.length;
    const value = (Number.parseInt(text.slice(at, at + 8), 16) ^ Math.imul(salt, 0x0100_0193)) >>> 0;
    varied.write(value.toString(16).padStart(8, '0'), at, 'latin1');
  }
  return varied;
}

/** The resources that agents tell of before the first events of a process, each once. */
class DerivedResources {
  readonly #known = new Set<number>();

  of({ agentId, hostName, processes, baseTimeNs }: EventBatch): readonly OutgoingMessage[] {
    return processes.flatMap((facts: ProcessFacts) => {
      const messages: OutgoingMessage[] = [];
      const host = { agentId, resourceId: facts.hostResourceId, hostName, bootTimeNs: baseTimeNs };
      if (this.#isNew(facts.hostResourceId)) messages.push(resourceMessage(hostResource(host)));
      if (this.#isNew(facts.resourceId)) messages.push(resourceMessage(processResource(agentId, facts)));
      return messages;
    });
  }

  #isNew(id: number): boolean {
    const isNew = !this.#known.has(id);
    this.#known.add(id);
    return isNew;
  }
}
