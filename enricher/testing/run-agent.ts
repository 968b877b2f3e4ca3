import { Counters } from '../../core/stage/accounting.ts';
import type { NetworkInterface, ProcessFacts, SocketEvent } from '../../schemas/generated/event-batch.ts';
import { anEventBatch } from '../../schemas/testing/an-event.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { Agent } from '../agent.ts';
import type { EnricherConfig } from '../config.ts';
import type { Dissector } from '../../protocols/dissection/dissector.ts';
import { dropReasons, rejectReasons, type DropReason, type EnricherRejectReason } from '../outcomes.ts';
import { AgentTagger } from '../tag/agent-tagger.ts';
import { ResourceTable } from '../tag/resource-table.ts';
import { newTagCounts } from '../tag/tag-counts.ts';
import { WaitingIndex } from '../tag/waiting-records.ts';
import { lineDissector } from './line-protocol.ts';

/** Runs one agent over events, without a bus; for tests. */

export const testConfig: EnricherConfig = {
  maxSockets: 10_000,
  maxOpenRequests: 10_000,
  maxContexts: 10_000,
  maxProcesses: 1000,
  maxAgents: 10_000,
  maxEntries: 1_000_000,
  agentSilence: 600_000,
  memory: 0,
  memoryBytes: Infinity,
  tagWait: 5000,
  tagSettle: 0,
  maxTagWaiting: 1000,
  resourceMemory: 86_400_000,
  maxEndedResources: 1000,
  maxHosts: 1000,
};

/** What came of the events. */
export interface AgentRun {
  readonly spans: readonly Span[];
  readonly counters: Counters<DropReason, EnricherRejectReason>;
}

/** Spans of the events, in batches of `batchEvents`; what stays open at the end is not drained. */
export function runAgent(
  events: readonly SocketEvent[],
  options: {
    readonly batchEvents?: number;
    readonly dissectors?: readonly Dissector[];
    readonly config?: Partial<EnricherConfig>;
    readonly processes?: readonly ProcessFacts[];
    /** What its capture of packets says before the events. */
    readonly interfaces?: readonly NetworkInterface[];
    /** The agent's clock runs on for so long after the last event. */
    readonly idleNs?: number;
  } = {},
): AgentRun {
  const counters = new Counters(dropReasons, rejectReasons);
  const config = { ...testConfig, ...options.config };
  const tagCounts = newTagCounts();
  const parts = {
    config,
    dissectors: options.dissectors ?? [lineDissector],
    tagger: () => new AgentTagger(new ResourceTable(config), config.maxProcesses, tagCounts),
    counters,
    waitingIndex: new WaitingIndex(),
    tagCounts,
  };
  const agent = new Agent(77, 0, parts);
  const spans: Span[] = [];
  const size = options.batchEvents ?? 300;
  let sequence = 0;
  const send = (part: readonly SocketEvent[], untilOffsetNs: number): void => {
    const processes = ++sequence === 1 ? (options.processes ?? []) : [];
    const batch = anEventBatch({ agentId: 77, sequence, untilOffsetNs, processes, events: part });
    spans.push(...agent.process(batch, sequence).spans);
  };
  const { interfaces } = options;
  if (interfaces !== undefined)
    agent.process(anEventBatch({ agentId: 77, source: 'packets', sequence: 1, untilOffsetNs: 0, interfaces }), 0);
  for (let index = 0; index < events.length; index += size) {
    const part = events.slice(index, index + size);
    send(part, part[part.length - 1]!.timeOffsetNs);
  }
  if (options.idleNs !== undefined) send([], (events[events.length - 1]?.timeOffsetNs ?? 0) + options.idleNs);
  return { spans, counters };
}
