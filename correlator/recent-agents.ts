/** Agents by id and by last message, every step O(1): a map, and a linked list through its entries. */

/** What is kept of an agent, and its neighbours in the order. */
export interface Recent<Agent> {
  readonly id: number;
  older: Agent | undefined;
  newer: Agent | undefined;
}

/** See the head of this file. */
export class RecentAgents<Agent extends Recent<Agent>> {
  readonly byId = new Map<number, Agent>();
  #newest: Agent | undefined;
  #oldest: Agent | undefined;

  get size(): number {
    return this.byId.size;
  }

  /** The agent silent for the longest time. */
  get oldest(): Agent | undefined {
    return this.#oldest;
  }

  /** Marks an agent as the one heard of last. */
  put(agent: Agent): void {
    if (this.#newest === agent) return;
    if (this.byId.has(agent.id)) this.#unlink(agent);
    else this.byId.set(agent.id, agent);
    agent.older = this.#newest;
    agent.newer = undefined;
    if (this.#newest === undefined) this.#oldest = agent;
    else this.#newest.newer = agent;
    this.#newest = agent;
  }

  remove(agent: Agent): void {
    if (!this.byId.delete(agent.id)) return;
    this.#unlink(agent);
  }

  clear(): void {
    this.byId.clear();
    this.#newest = this.#oldest = undefined;
  }

  #unlink(agent: Agent): void {
    const { older, newer } = agent;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    agent.older = agent.newer = undefined;
  }
}
