import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, OutgoingMessage } from '../../core/bus/bus.ts';
import { PipelineError } from '../../core/errors.ts';
import type { RedisUnderTest } from '../../core/testing/redis-server.ts';
import type { Broker } from '../../scripts/kafka/broker.ts';
import type { ClickHouseProcess } from './clickhouse-process.ts';
import type { Fault, FaultKind } from './fault-schedule.ts';
import type { InputPublisher } from './input-publisher.ts';
import { poisonRecord } from './poison.ts';
import { pick } from './fault-schedule.ts';
import { fleetStages, type Instance, type StageFleet } from './stage-fleet.ts';

/** Everything that faults happen to. */
export interface Victims {
  readonly broker: Broker;
  readonly redis: RedisUnderTest;
  readonly clickHouse: ClickHouseProcess;
  readonly fleet: StageFleet;
  readonly publisher: InputPublisher;
  readonly bus: Bus;
}

/** A part of the environment that goes away and comes back. */
interface Outage {
  readonly what: 'broker' | 'redis' | 'clickhouse';
  readonly away: () => Promise<void>;
  readonly back: () => Promise<void>;
}
type OutageKind = Extract<FaultKind, `${Outage['what']}_${string}`>;

/** Makes faults happen, and heals each after its time. */
export class FaultInjector {
  readonly #victims: Victims;
  readonly #say: (line: string) => void;
  readonly #healing = new Set<Promise<void>>();
  readonly #away = new Set<Outage['what']>();
  readonly counts = new Map<FaultKind, number>();
  /** Faults that could not happen because their victim was away already. */
  skipped = 0;
  #poisons = 0;

  constructor(victims: Victims, say: (line: string) => void) {
    this.#victims = victims;
    this.#say = say;
  }

  /** Lets all faults happen at their times; resolves when all is healed. */
  async run(schedule: readonly Fault[]): Promise<void> {
    const startedAtMs = performance.now();
    const failures: unknown[] = [];
    for (const fault of schedule) {
      await sleep(Math.max(0, fault.atMs - (performance.now() - startedAtMs)));
      const healing: Promise<void> = this.#perform(fault)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => this.#healing.delete(healing));
      this.#healing.add(healing);
      // A kill needs somebody who runs, so they come one after another.
      if (fault.kind === 'kill') await sleep(0);
      if (failures.length > 0) throw failures[0];
    }
    while (this.#healing.size > 0) await Promise.all(this.#healing);
    if (failures.length > 0) throw failures[0];
  }

  #happened({ kind, pauseMs }: Fault, what: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.#say(`${kind.padEnd(17)} ${what}${pauseMs > 0 ? `, for ${(pauseMs / 1_000).toFixed(1)} s` : ''}`);
  }

  async #perform(fault: Fault): Promise<void> {
    const { fleet, publisher } = this.#victims;
    switch (fault.kind) {
      case 'kill': {
        const killed = await this.#killOne(fault);
        await sleep(fault.pauseMs);
        if (!killed.isGuest) fleet.start(killed.stage);
        return;
      }
      case 'broker_stop':
      case 'broker_kill':
      case 'redis_stop':
      case 'redis_flush':
      case 'clickhouse_kill':
      case 'clickhouse_refuse':
        return this.#takeAway(fault, this.#outageOf(fault.kind, fault.pauseMs));
      case 'join': {
        const joined = fleet.start(pick(fleetStages, fault.choice)!, true);
        this.#happened(fault, joined.name);
        await sleep(fault.pauseMs);
        return fleet.stop(joined);
      }
      case 'leave':
        return this.#leave(fault);
      case 'poison': {
        const message = poisonRecord(this.#poisons++);
        this.#happened(fault, `on ${message.topic}`);
        return this.#sendForSure(message);
      }
      case 'duplicate':
      case 'reorder':
        this.#happened(fault, 'the next batches of all agents');
        publisher.mishap(fault.kind);
    }
  }

  #outageOf(kind: OutageKind, pauseMs: number): Outage {
    const { broker, redis, clickHouse } = this.#victims;
    const nothing = (): Promise<void> => Promise.resolve();
    switch (kind) {
      case 'broker_stop':
        return { what: 'broker', away: () => broker.stop(), back: () => broker.restart() };
      case 'broker_kill':
        return { what: 'broker', away: () => broker.kill(), back: () => broker.restart() };
      case 'redis_stop':
        return { what: 'redis', away: () => redis.kill(), back: () => redis.start() };
      case 'redis_flush':
        return { what: 'redis', away: () => redis.flush(), back: nothing };
      case 'clickhouse_kill':
        return { what: 'clickhouse', away: () => clickHouse.kill(), back: () => clickHouse.start() };
      case 'clickhouse_refuse':
        return { what: 'clickhouse', away: () => clickHouse.refuse(pauseMs), back: nothing };
    }
  }

  async #leave(fault: Fault): Promise<void> {
    const { fleet } = this.#victims;
    const leaving = pick(fleet.running, fault.choice);
    if (leaving === undefined) {
      this.#skip(fault);
      return;
    }
    this.#happened(fault, leaving.name);
    await fleet.stop(leaving);
    await sleep(fault.pauseMs);
    if (!leaving.isGuest) fleet.start(leaving.stage);
  }

  async #killOne(fault: Fault): Promise<Instance> {
    for (;;) {
      const killed = await this.#victims.fleet.killOne(fault.choice);
      if (killed !== undefined) {
        this.#happened(fault, killed.name);
        return killed;
      }
      await sleep(200);
    }
  }

  async #takeAway(fault: Fault, { what, away, back }: Outage): Promise<void> {
    if (this.#away.has(what)) {
      this.#skip(fault);
      return;
    }
    this.#away.add(what);
    this.#happened(fault, what);
    await away();
    await sleep(fault.pauseMs);
    await back();
    this.#away.delete(what);
  }

  #skip({ kind }: Fault): void {
    this.skipped++;
    this.#say(`${kind.padEnd(17)} skipped: away already`);
  }

  async #sendForSure(message: OutgoingMessage): Promise<void> {
    const producer = await this.#victims.bus.producer();
    for (;;) {
      try {
        await producer.send([message]);
        break;
      } catch (error) {
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
        await sleep(300);
      }
    }
    await producer.close();
  }
}
