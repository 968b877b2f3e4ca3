/**
 * The enricher as a pure state machine. Its records are socket events, segments of packets, intervals of flows, and spans
 * that applications report.
 *
 *   decode → per agent and source, event or segment by one: dissect (what does it say?) → pair (request with response;
 *   of sockets causality listens: what did it continue?) → tag (who was it?) → encode
 *
 * A reported span is only decoded and tagged (reported/reported-state.ts).
 *
 * Input: an EventBatch of one source of an agent per message; resources through `learn`. Output: one SpanBatch per EventBatch,
 * several for many reported spans,
 * and a FlowBatch if it has flows, further ones from `flush` for what waited for a resource or whose agent is released,
 * and dead letters. State: agents.ts per agent (sockets, flows, open requests, execution contexts, processes, interfaces,
 * waiting records), tag/resource-table.ts for all;
 * recent-offsets.ts says which events a restart reads again. Bounds: SPANLOOM_ENRICHER_MAX_*, _MEMORY and _RESOURCE_MEMORY.
 *
 * The order of messages, the agent's own clock and the bus's timestamps decide everything. The bus's timestamps bound which
 * times of an agent are believed, and which messages are read again. The wall clock only detects a silent agent and dates
 * dead letters.
 */
import { batchProblem, hash31, hostUid, processFactsProblem } from '../core/agents/agent-resources.ts';
import { readAgentResource } from '../core/agents/read-agent-resource.ts';
import {
  SignatureChecker,
  type SignaturePolicy,
  type SignatureProblem,
  unsignedAccepted,
} from '../core/agents/agent-signature.ts';
import type { OutgoingMessage, Position, ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';
import { type Decoded, decodeValue, encodeValue, outgoingMessage } from '../core/codec.ts';
import { refuse } from '../core/dead-letter.ts';
import { type Accounting, type Stage } from '../core/stage/stage.ts';
import { Counters } from '../core/stage/accounting.ts';
import type { Topic } from '../core/topics.ts';
import { type EventBatch, readEventBatch } from '../schemas/generated/event-batch.ts';
import { writeFlowBatch } from '../schemas/generated/flow-batch.ts';
import { type SpanBatch, writeSpanBatch } from '../schemas/generated/span-batch.ts';
import { type AgentCounts, Agents } from './agents.ts';
import { type BatchProblem, boundsProblem } from './batch-bounds.ts';
import type { EnricherConfig } from './config.ts';
import type { AgentOutput } from './finished-records.ts';
import type { Dissector } from '../protocols/dissection/dissector.ts';
import { dropReasons, rejectReasons } from './outcomes.ts';
import { RecentOffsets } from './recent-offsets.ts';
import { AgentTagger } from './tag/agent-tagger.ts';
import { ResourceTable } from './tag/resource-table.ts';
import { newTagCounts } from './tag/tag-counts.ts';
import { WaitingIndex } from './tag/waiting-records.ts';

/** Parts of the enricher besides its settings. */
export interface EnricherParts {
  readonly dissectors: readonly Dissector[];
  /** Which signatures are required and accepted; by default none is required. */
  readonly signatures?: SignaturePolicy;
}

/** The enricher as a stage that also learns resources, between calls of the other methods. */
export interface Enricher extends Stage<OutgoingMessage> {
  /** Adds one message of the topics `resources` and `agent-resources`. */
  learn(message: ReceivedMessage): void;
  /** Counts for metrics, beside the accounting. */
  diagnostics(): Readonly<Record<string, number>>;
  /** Number of known agents, and effects of their bounds. */
  agentCounts(): Readonly<AgentCounts & { readonly followed: number }>;
}

const stageName = 'enricher';
/** One flow has about 500 bytes, a message has room for 1 MiB. */
const maxFlowsOfMessage = 1024;
/** Of the bytes as which spans were reported: more than one span has, and less than the smallest limit of the bus by half. */
const maxReportedBytesOfMessage = 512 * 1024;

/** Creates the stage; see the top of the file. */
export function createEnricher(config: EnricherConfig, parts: EnricherParts): Enricher {
  return new EnricherStage(config, parts);
}

class EnricherStage implements Enricher {
  readonly #counters = new Counters(dropReasons, rejectReasons);
  readonly #recent: RecentOffsets;
  readonly #signatures: SignatureChecker;
  readonly #table: ResourceTable;
  readonly #waitingIndex = new WaitingIndex();
  readonly #tagCounts = newTagCounts();
  readonly #agents: Agents;
  /** By partition: results of messages below this offset were acknowledged before. */
  readonly #emittedBelow = new Map<number, number>();
  /** Host resources that their agent may not publish; the sink writes their dead letters. */
  #refusedResources = 0;
  /** Newest event time of the agents that sent something since the last flush. */
  #newestNs = 0n;

  constructor(config: EnricherConfig, { dissectors, signatures }: EnricherParts) {
    this.#recent = new RecentOffsets(config.memory, config.memoryBytes);
    this.#signatures = new SignatureChecker(signatures ?? unsignedAccepted);
    this.#table = new ResourceTable(config);
    this.#table.listener = this.#waitingIndex;
    this.#agents = new Agents(config, {
      config,
      dissectors,
      tagger: (agentId) => new AgentTagger(this.#table, config.maxProcesses, this.#tagCounts, hash31(hostUid(agentId))),
      counters: this.#counters,
      waitingIndex: this.#waitingIndex,
      tagCounts: this.#tagCounts,
    });
  }

  process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    this.#recent.note(message);
    const decoded = readBatch(message, this.#signatures);
    if (decoded.kind !== 'ok') {
      const { reason, detail } = decoded;
      return [refuse(message, this.#counters, { stage: stageName, reason, detail }, nowMs)];
    }
    const agent = this.#agents.heard(decoded.value.agentId, message.partition, nowMs);
    const isRepeated = message.offset < (this.#emittedBelow.get(message.partition) ?? 0);
    const repeatedMs = isRepeated ? message.timestampMs : undefined;
    const output = agent.process(decoded.value, message.offset, repeatedMs, message.timestampMs);
    this.#agents.worked(agent);
    if (agent.timeNs > this.#newestNs) this.#newestNs = agent.timeNs;
    // Also without spans: it carries the agent's progress.
    return [...spanMessages(output), ...flowMessages(output)];
  }

  flush(nowMs: number): readonly OutgoingMessage[] {
    for (const waiting of this.#waitingIndex.takeWoken()) waiting.owner.wake(waiting);
    const outputs = this.#agents.flush(nowMs).flatMap(messagesOf);
    this.#table.forget(this.#newestNs);
    this.#newestNs = 0n;
    return outputs;
  }

  drain(): readonly OutgoingMessage[] {
    this.#recent.clear();
    return this.#agents.drain().flatMap(messagesOf);
  }

  lowWatermark({ partition }: TopicPartition): number | undefined {
    const remembered = this.#recent.oldest(partition);
    const needed = this.#agents.lowWatermark(partition);
    return remembered === undefined || needed === undefined ? (remembered ?? needed) : Math.min(remembered, needed);
  }

  revoke(sources: readonly TopicPartition[]): void {
    for (const { partition } of sources) this.#recent.forget(partition);
    this.#agents.revoke(new Set(sources.map(({ partition }) => partition)));
  }

  accounting(): Accounting {
    return this.#counters;
  }

  learn(message: ReceivedMessage): void {
    if (message.topic !== ('agent-resources' satisfies Topic)) this.#table.learn(message);
    // Processes are known from the facts in event batches.
    else if (message.value.length > 0 && message.key.startsWith('host:')) {
      const read = readAgentResource(message, this.#signatures);
      if (read.kind === 'ok') this.#table.learnHost(read.value, message.timestampMs);
      else if (read.kind === 'rejected') this.#table.unreadable++;
      else this.#refusedResources++;
    }
  }

  /** Remembers which results of these partitions were acknowledged before. */
  assign(positions: readonly Position[]): void {
    for (const { partition, emittedBelow } of positions) this.#emittedBelow.set(partition, emittedBelow);
  }

  diagnostics(): Readonly<Record<string, number>> {
    return { ...this.#tagCounts, unreadable: this.#table.unreadable, refused: this.#refusedResources };
  }

  agentCounts(): Readonly<AgentCounts & { readonly followed: number }> {
    return { ...this.#agents.counts, followed: this.#agents.size };
  }
}

/** Decodes a batch and checks that its agent signed it. A batch without the required signature is not decoded. */
function readBatch(
  message: ReceivedMessage,
  signatures: SignatureChecker,
): Decoded<EventBatch> | SignatureProblem | BatchProblem {
  const author = signatures.authorOf(message);
  if (author.kind === 'refused') return author;
  const decoded = decodeValue('EventBatch', message, readEventBatch);
  if (decoded.kind === 'rejected') return decoded;
  const { agentId, processes } = decoded.value;
  return (
    batchProblem(agentId, message.key, author) ??
    processFactsProblem(processes, author) ??
    boundsProblem(decoded.value, message.timestampMs) ??
    decoded
  );
}

/** What an agent has to send between its batches. */
function messagesOf(output: AgentOutput): readonly OutgoingMessage[] {
  const flows = flowMessages(output);
  return output.spans.length === 0 && flows.length > 0 ? flows : [...spanMessages(output), ...flows];
}

function flowMessages({ agentId, flows }: AgentOutput): readonly OutgoingMessage[] {
  const messages: OutgoingMessage[] = [];
  for (let from = 0; from < flows.length; from += maxFlowsOfMessage) {
    const batch = { agentId, flows: flows.slice(from, from + maxFlowsOfMessage) };
    const value = encodeValue(batch, writeFlowBatch);
    messages.push(outgoingMessage('flows' satisfies Topic, String(agentId), 'FlowBatch', value));
  }
  return messages;
}

/** One message, or several where spans carry so much of what their applications reported that they do not fit in one. */
function spanMessages(output: AgentOutput): readonly OutgoingMessage[] {
  const { agentId, watermarkNs, spans } = output;
  const messages: OutgoingMessage[] = [];
  let from = 0;
  let bytes = 0;
  for (const [index, { otlp }] of spans.entries()) {
    bytes += otlp.length;
    if (bytes <= maxReportedBytesOfMessage || index === from) continue;
    messages.push(spanMessage({ agentId, watermarkNs, spans: spans.slice(from, index) }));
    from = index;
    bytes = otlp.length;
  }
  messages.push(spanMessage(from === 0 ? output : { agentId, watermarkNs, spans: spans.slice(from) }));
  return messages;
}

function spanMessage(batch: SpanBatch): OutgoingMessage {
  return outgoingMessage(
    'spans' satisfies Topic,
    String(batch.agentId),
    'SpanBatch',
    encodeValue(batch, writeSpanBatch),
  );
}
