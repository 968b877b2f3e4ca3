/**
 * The agents whose time is the greatest, without sorting all: a short list, and an upper bound on all agents outside of it. A
 * message of an agent moves it within the list. Only when the list is empty are all agents scanned.
 */
const listLength = 16;

/** An agent by its time. */
export interface Led {
  timeNs: number;
}

/** See the head of this file. */
export class LeadingAgents<Agent extends Led> {
  readonly #all: ReadonlyMap<number, Agent>;
  #list: Agent[] = [];
  /** No agent outside the list has a greater time. */
  #outsideNs = -Infinity;

  /** @param all the agents that count, which the owner changes */
  constructor(all: ReadonlyMap<number, Agent>) {
    this.#all = all;
  }

  /** The agent is new, or its time advanced. */
  raise(agent: Agent): void {
    const list = this.#list;
    let at = list.indexOf(agent);
    if (at < 0) {
      if (agent.timeNs < this.#outsideNs) return;
      if (list.length === listLength) {
        const last = list[listLength - 1]!;
        if (agent.timeNs <= last.timeNs) {
          this.#outsideNs = Math.max(this.#outsideNs, agent.timeNs);
          return;
        }
        this.#outsideNs = Math.max(this.#outsideNs, last.timeNs);
        list.pop();
      }
      at = list.push(agent) - 1;
    }
    for (; at > 0 && list[at - 1]!.timeNs < agent.timeNs; at--) list[at] = list[at - 1]!;
    list[at] = agent;
  }

  /** The agent no longer counts. */
  remove(agent: Agent): void {
    const at = this.#list.indexOf(agent);
    if (at >= 0) this.#list.splice(at, 1);
  }

  clear(): void {
    this.#list = [];
    this.#outsideNs = -Infinity;
  }

  /** The first agent, leaving one out. */
  first(except?: Agent): Agent | undefined {
    return this.#at(0, except);
  }

  /** The second agent. */
  second(): Agent | undefined {
    return this.#at(1);
  }

  #at(index: number, except?: Agent): Agent | undefined {
    if (this.#list.length < 2 && this.#all.size > this.#list.length) this.#renew();
    return this.#list[index] === except && except !== undefined ? this.#list[index + 1] : this.#list[index];
  }

  #renew(): void {
    const all = [...this.#all.values()].sort((left, right) => right.timeNs - left.timeNs);
    this.#list = all.slice(0, listLength);
    this.#outsideNs = all[listLength]?.timeNs ?? -Infinity;
  }
}
