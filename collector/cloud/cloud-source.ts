import { setTimeout as sleep } from 'node:timers/promises';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { ResourceRegisters, ResourceSource } from '../resources/resource-source.ts';
import { cloudEvents } from './internal-events.ts';
import { CloudInventory } from './cloud-inventory.ts';
import type { CloudProvider, ListedPart } from './cloud-provider.ts';

/** Which cloud, and how often it is listed. */
export interface CloudSourceOptions {
  readonly name: string;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  /** Creates a new provider for each run: what an old one remembers may be outdated. */
  readonly open: () => CloudProvider;
  readonly intervalMs: number;
}

/** A cloud as a source: listed at intervals. */
export class CloudSource implements ResourceSource {
  readonly name: string;
  readonly #options: CloudSourceOptions;

  constructor(options: CloudSourceOptions) {
    this.#options = options;
    this.name = options.name;
  }

  async run(registers: ResourceRegisters, signal: AbortSignal): Promise<void> {
    const provider = this.#options.open();
    try {
      await this.#listOn(provider, registers, signal);
    } finally {
      provider.close();
    }
  }

  async #listOn(provider: CloudProvider, registers: ResourceRegisters, signal: AbortSignal): Promise<void> {
    const { telemetry, intervalMs } = this.#options;
    const inventory = new CloudInventory();
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      const startMs = performance.now();
      // A resource missing from a list had ended when the list was requested.
      const observedNs = BigInt(Date.now()) * 1_000_000n;
      const round = await this.#list(provider, signal);
      // What was cut off by the end of the process is no failure of the cloud.
      if (isOver()) return;
      let resources = 0;
      for (const { register: name, states, gone, isComplete } of inventory.take(round)) {
        const register = registers.of(name);
        resources += states.length;
        if (isComplete) register.replaceAll(states, observedNs);
        else {
          register.put(states, observedNs);
          for (const state of gone) register.end(state, observedNs);
        }
      }
      const tookMs = performance.now() - startMs;
      telemetry.emit(cloudEvents.listed, { cloud: this.name, resources, tookMs });
      await sleep(Math.max(0, intervalMs - tookMs), undefined, { signal }).catch(() => undefined);
    }
  }

  async #list(provider: CloudProvider, signal: AbortSignal): Promise<readonly ListedPart[]> {
    const { telemetry } = this.#options;
    const round: ListedPart[] = [];
    const take = (listed: ListedPart): void => {
      round.push(listed);
      if (signal.aborted) return;
      const { part } = listed;
      if (listed.kind === 'failed') {
        telemetry.emit(cloudEvents.listFailed, { part, error: listed.error });
        return;
      }
      const { repeats = 0, unusable = 0 } = listed;
      if (repeats > 0) telemetry.emit(cloudEvents.repeated, { part, repeats });
      if (unusable > 0) telemetry.emit(cloudEvents.unusable, { part, unusable });
    };
    try {
      for await (const listed of provider.list(signal)) take(listed);
    } catch (error) {
      take({ kind: 'failed', part: this.name, error });
    }
    return round;
  }
}
