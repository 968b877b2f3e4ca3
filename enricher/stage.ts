/**
 * The enricher: batches of socket events in, for each one batch of spans out.
 *
 *   decode → per agent, event by event: dissect (what does it say?) → follow (what did it continue?) → pair (request with
 *   response) → tag (who was it?) → encode
 *
 * What cannot be read goes to the dead letters. Everything is decided by the order of events and the agent's own clock;
 * the wall clock only tells that an agent was not heard of for long. Records are socket events.
 */
import type { OutgoingMessage, ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';
import { decodeValue, encodeValue, outgoingMessage } from '../core/codec.ts';
import { deadLetter } from '../core/dead-letter.ts';
import { type Accounting, type Stage } from '../core/stage/stage.ts';
import { Counters } from '../core/stage/accounting.ts';
import type { Topic } from '../core/topics.ts';
import { readEventBatch } from '../schemas/generated/event-batch.ts';
import { type SpanBatch, writeSpanBatch } from '../schemas/generated/span-batch.ts';
import { Agent } from './agent.ts';
import type { EnricherConfig } from './config.ts';
import type { Dissector } from './dissect/dissector.ts';
import { dropReasons, rejectReasons } from './outcomes.ts';
import { RecentOffsets } from './recent-offsets.ts';
import { ProcessTagger } from './tag/process-tagger.ts';
import type { Tagger } from './tag/tagger.ts';

/** What the enricher is made of besides its settings. */
export interface EnricherParts {
  readonly dissectors: readonly Dissector[];
  /** Makes the tagger of one agent; by default the one that knows the agent's host and processes. */
  readonly tagger?: (agentId: number) => Tagger;
}

const stageName = 'enricher';

/** The stage; see the top of the file. */
export function createEnricher(config: EnricherConfig, parts: EnricherParts): Stage<OutgoingMessage> {
  const counters = new Counters(dropReasons, rejectReasons);
  const agents = new Map<number, Agent>();
  const recent = new RecentOffsets(config.memory);
  const createTagger = parts.tagger ?? ((): Tagger => new ProcessTagger(config.maxProcesses));

  function agentOf(agentId: number, partition: number): Agent {
    let agent = agents.get(agentId);
    if (agent === undefined) {
      agent = new Agent(agentId, partition, {
        config,
        dissectors: parts.dissectors,
        tagger: createTagger(agentId),
        counters,
      });
      agents.set(agentId, agent);
    }
    agent.partition = partition;
    return agent;
  }

  return {
    process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
      recent.note(message.partition, message.offset, message.timestampMs);
      const decoded = decodeValue('EventBatch', message, readEventBatch);
      if (decoded.kind === 'rejected') {
        const { reason, detail } = decoded;
        counters.receive();
        counters.reject(reason);
        return [deadLetter(message, { stage: stageName, reason, detail }, nowMs)];
      }
      const agent = agentOf(decoded.value.agentId, message.partition);
      agent.heardMs = nowMs;
      return [spanMessage(agent.process(decoded.value, message.offset))];
    },

    flush(nowMs: number): readonly OutgoingMessage[] {
      const outputs: OutgoingMessage[] = [];
      for (const agent of agents.values()) {
        if (nowMs - agent.heardMs < config.agentSilence) continue;
        outputs.push(spanMessage(agent.drain()));
        agents.delete(agent.id);
      }
      return outputs;
    },

    drain(): readonly OutgoingMessage[] {
      recent.clear();
      return [...agents.values()].map((agent) => spanMessage(agent.drain()));
    },

    heldFrom({ partition }: TopicPartition): number | undefined {
      let offset = recent.oldest(partition);
      for (const agent of agents.values()) {
        const from = agent.partition === partition ? agent.heldFrom : undefined;
        if (from !== undefined && (offset === undefined || from < offset)) offset = from;
      }
      return offset;
    },

    revoke(sources: readonly TopicPartition[]): void {
      for (const { partition } of sources) recent.forget(partition);
      for (const agent of agents.values()) {
        if (!sources.some(({ partition }) => partition === agent.partition)) continue;
        agent.revoke();
        agents.delete(agent.id);
      }
    },

    accounting(): Accounting {
      return counters;
    },
  };
}

function spanMessage(batch: SpanBatch): OutgoingMessage {
  return outgoingMessage(
    'spans' satisfies Topic,
    String(batch.agentId),
    'SpanBatch',
    encodeValue(batch, writeSpanBatch),
  );
}
