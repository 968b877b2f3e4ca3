/** Agents by id and by last message, every step O(1): a map, and a list of them in that order. */
import { type RecencyItem, RecencyList } from '../../core/collections/recency-list.ts';

/** What is kept of an agent, and its neighbours in the order. */
export interface Recent<Agent extends RecencyItem<Agent>> extends RecencyItem<Agent> {
  readonly id: number;
}

/** See the head of this file. */
export class RecentAgents<Agent extends Recent<Agent>> {
  readonly byId = new Map<number, Agent>();
  #order = new RecencyList<Agent>();

  get size(): number {
    return this.byId.size;
  }

  /** The agent silent for the longest time. */
  get oldest(): Agent | undefined {
    return this.#order.first;
  }

  /** Marks an agent as the one heard of last. */
  put(agent: Agent): void {
    if (this.#order.last === agent) return;
    if (this.byId.has(agent.id)) this.#order.remove(agent);
    else this.byId.set(agent.id, agent);
    this.#order.append(agent);
  }

  remove(agent: Agent): void {
    if (this.byId.delete(agent.id)) this.#order.remove(agent);
  }

  clear(): void {
    this.byId.clear();
    this.#order = new RecencyList();
  }
}
