import type { EventBatch, ProcessFacts, SocketEvent } from '../schemas/generated/event-batch.ts';
import type { AgentParts } from './agent-parts.ts';
import { Causality } from './causality/causality.ts';
import { CausalityListener } from './causality/causality-listener.ts';
import { LruEntry, LruMap } from './lru.ts';
import type { Interfaces } from './packets/interfaces.ts';
import type { BatchClock } from './pair/event-ref.ts';
import { Pairing } from './pair/pairing.ts';
import { SpanBuilder } from './pair/span-builder.ts';
import { SocketEvents } from './socket-events.ts';
import type { SourceState } from './source-state.ts';
import { SpanIds } from './span-id.ts';
import type { Tagger } from './tag/tagger.ts';
import type { TaggedRecord } from './tag/waiting-records.ts';

const maxStartTimes = 65_536;

class StartTime extends LruEntry {
  startTimeNs: bigint;

  constructor(startTimeNs: bigint) {
    super();
    this.startTimeNs = startTimeNs;
  }
}

/** What follows from an agent's socket events and process facts: sockets, open requests, execution contexts and their causes. */
export class SocketState implements SourceState {
  private readonly tagger: Tagger;
  private readonly causality: Causality;
  readonly pairing: Pairing;
  private readonly socketEvents: SocketEvents;
  private readonly startTimes = new LruMap<number, StartTime>(maxStartTimes, () => undefined);

  /** @param emit receives finished spans */
  constructor(
    agentId: number,
    tagger: Tagger,
    interfaces: Interfaces,
    parts: AgentParts,
    emit: (tagged: TaggedRecord) => void,
  ) {
    const { config, dissectors, counters } = parts;
    this.tagger = tagger;
    this.causality = new Causality(config.maxContexts);
    const listener = new CausalityListener(this.causality);
    this.pairing = new Pairing({
      dissectors,
      listener,
      spanIds: new SpanIds(agentId),
      spans: new SpanBuilder(agentId, tagger, interfaces),
      counters,
      limits: config,
      emit,
    });
    this.socketEvents = new SocketEvents(this.pairing, listener, counters);
  }

  process({ processes, events }: EventBatch, clock: BatchClock): void {
    this.learn(processes);
    for (const event of inOrder(events)) this.socketEvents.take(event, clock);
  }

  lost(untilNs: number): void {
    this.causality.forget();
    this.pairing.lost(untilNs);
  }

  get size(): number {
    return this.pairing.size + this.causality.size + this.startTimes.size;
  }

  shrink(part: number): void {
    this.pairing.shrink(part);
    this.causality.shrink(part);
    this.startTimes.shrinkTo(Math.floor(this.startTimes.size * part));
  }

  private learn(processes: readonly ProcessFacts[]): void {
    if (processes.length === 0) return;
    this.tagger.learn(processes);
    for (const { processId, startTimeNs } of processes) {
      const before = this.startTimes.get(processId);
      if (before === undefined) this.startTimes.add(processId, new StartTime(startTimeNs));
      else if (before.startTimeNs !== startTimeNs) {
        this.causality.restarted(processId);
        before.startTimeNs = startTimeNs;
      }
    }
  }
}

/**
 * Sorts events by id. An id is assigned when a write begins and when a read ends, so ids are in the order of cause and effect.
 * But events are sent when calls return: one thread may send the response's event before another has returned from
 * writing the request.
 */
function inOrder(events: readonly SocketEvent[]): readonly SocketEvent[] {
  for (let index = 1; index < events.length; index++)
    if (events[index]!.id < events[index - 1]!.id) return [...events].sort((one, other) => one.id - other.id);
  return events;
}
