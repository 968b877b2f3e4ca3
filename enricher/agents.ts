/**
 * All agents with state, within bounds regardless of the agent ids in batches: at most `maxAgents`, and at most `maxEntries`
 * entries of all together. The cost of a turn depends on the agents that sent something, not on all.
 *
 * Beyond `maxAgents`, the newcomer silent for the longest time is released as after silence. At most 7/8 of the agents are
 * established; beyond it the one silent for the longest time counts as a newcomer again. So many new ids cannot evict established agents. Beyond `maxEntries`, the agents with the most entries lose their
 * oldest ones, down to a common size.
 */
import { Agent } from './agent.ts';
import type { AgentParts } from './agent-parts.ts';
import type { AgentOutput } from './finished-records.ts';
import { LowWatermark } from './low-watermark.ts';
import { LruMap } from './lru.ts';

/** Batches after which an agent is no longer a newcomer. */
const establishedBatches = 8;
/** Fraction of the agents that may be established ones. */
const establishedPart = 7 / 8;
/** Fraction of the bound that is freed at once when it is exceeded. */
const freedPart = 1 / 16;

/** Bounds, and the time after which an agent counts as silent. */
export interface AgentLimits {
  readonly maxAgents: number;
  readonly maxEntries: number;
  /** In milliseconds. */
  readonly agentSilence: number;
}

/** Effects of the bounds, and the number of agents that turns visited. */
export interface AgentCounts {
  /** Agents released because there were too many. */
  evicted: number;
  /** Agents that lost entries. */
  shrunk: number;
  /** Agents looked at between batches, since the start. */
  visited: number;
}

/** Agents by partition and id; see the top of the file. */
export class Agents {
  readonly counts: AgentCounts = { evicted: 0, shrunk: 0, visited: 0 };
  private readonly limits: AgentLimits;
  private readonly parts: AgentParts;
  private readonly newcomers = new LruMap<string, Agent>(Infinity, () => undefined);
  private readonly established = new LruMap<string, Agent>(Infinity, () => undefined);
  private readonly lowWatermarks = new Map<number, LowWatermark<Agent>>();
  /** Agents with records to emit between batches. */
  private readonly late = new Set<Agent>();
  private readonly onLate = (agent: Agent): void => {
    this.late.add(agent);
  };
  /** Records of released agents. */
  private left: AgentOutput[] = [];
  private entries = 0;

  constructor(limits: AgentLimits, parts: AgentParts) {
    this.limits = limits;
    this.parts = parts;
  }

  get size(): number {
    return this.newcomers.size + this.established.size;
  }

  /** The agent of a batch. One id in two partitions is two agents, so neither can affect the other. */
  heard(agentId: number, partition: number, nowMs: number): Agent {
    const key = `${partition}:${agentId}`;
    let agent = this.established.get(key) ?? this.newcomers.get(key);
    if (agent === undefined) {
      agent = new Agent(agentId, partition, this.parts, this.onLate);
      this.newcomers.add(key, agent);
      if (this.size > this.limits.maxAgents) this.evictOne(agent);
    } else if (agent.batches === establishedBatches && this.newcomers.has(key)) this.establish(key, agent);
    agent.heardMs = nowMs;
    return agent;
  }

  /** An agent has processed a batch. */
  worked(agent: Agent): void {
    this.recount(agent);
    this.note(agent);
    if (this.entries > this.limits.maxEntries) this.shrink();
  }

  /** Records to emit between batches: late ones, and those of released agents. */
  flush(nowMs: number): readonly AgentOutput[] {
    const outputs = this.left;
    this.left = [];
    for (const agent of this.late) {
      this.counts.visited++;
      const late = agent.takeLate();
      if (late !== undefined) outputs.push(late);
      this.recount(agent);
    }
    this.late.clear();
    for (const agents of [this.newcomers, this.established])
      for (let agent = agents.oldestEntry; agent !== undefined; agent = agents.oldestEntry) {
        this.counts.visited++;
        if (nowMs - agent.heardMs < this.limits.agentSilence) break;
        outputs.push(agent.drain());
        this.remove(agent);
      }
    return outputs;
  }

  /** Ends everything. */
  drain(): readonly AgentOutput[] {
    const outputs = this.left;
    this.left = [];
    for (const agent of this.all()) {
      outputs.push(agent.drain());
      this.recount(agent);
    }
    this.late.clear();
    return outputs;
  }

  /** The oldest offset of a partition that something buffered came from. */
  lowWatermark(partition: number): number | undefined {
    return this.lowWatermarks.get(partition)?.oldest();
  }

  /** Forgets the agents of these partitions: another instance has them now. */
  revoke(partitions: ReadonlySet<number>): void {
    for (const agent of [...this.all()]) {
      if (!partitions.has(agent.partition)) continue;
      agent.revoke();
      this.remove(agent);
    }
    for (const partition of partitions) this.lowWatermarks.delete(partition);
  }

  private *all(): Generator<Agent> {
    yield* this.newcomers.values();
    yield* this.established.values();
  }

  /** Keeps the agent whose batch is being processed. */
  private evictOne(newest: Agent): void {
    const oldest = this.newcomers.oldestEntry;
    const agent = oldest === newest ? this.established.oldestEntry : oldest;
    if (agent === undefined) return;
    this.counts.evicted++;
    const output = agent.drain();
    if (output.spans.length + output.flows.length > 0) this.left.push(output);
    this.remove(agent);
  }

  private establish(key: string, agent: Agent): void {
    this.newcomers.delete(agent);
    this.established.add(key, agent);
    if (this.established.size <= Math.ceil(this.limits.maxAgents * establishedPart)) return;
    const oldest = this.established.oldestEntry!;
    this.established.delete(oldest);
    this.newcomers.add(String(oldest.lruKey), oldest);
  }

  private remove(agent: Agent): void {
    this.newcomers.delete(agent);
    this.established.delete(agent);
    this.late.delete(agent);
    this.entries -= agent.countedSize;
    agent.countedSize = 0;
  }

  private recount(agent: Agent): void {
    const { size } = agent;
    this.entries += size - agent.countedSize;
    agent.countedSize = size;
  }

  private note(agent: Agent): void {
    let offsets = this.lowWatermarks.get(agent.partition);
    if (offsets === undefined) this.lowWatermarks.set(agent.partition, (offsets = new LowWatermark()));
    offsets.note(agent);
  }

  /** Finds the size to which the largest agents have to shrink, and shrinks those above it. */
  private shrink(): void {
    const bySize = [...this.all()].map((agent) => ({ agent, size: agent.size }));
    bySize.sort((one, other) => other.size - one.size);
    let excess = this.entries - this.limits.maxEntries * (1 - freedPart);
    let cut = 0;
    let size = bySize[0]?.size ?? 0;
    while (excess > 0 && cut < bySize.length && size > 0) {
      cut++;
      // The first `cut` of them shrink to the size of the next one, or as far as needed.
      const next = bySize[cut]?.size ?? 0;
      const step = Math.min(size - next, Math.ceil(excess / cut));
      size -= step;
      excess -= step * cut;
    }
    for (const { agent, size: before } of bySize.slice(0, cut)) {
      if (before <= size) continue;
      this.counts.shrunk++;
      agent.shrink(size / before);
      this.recount(agent);
    }
  }
}
