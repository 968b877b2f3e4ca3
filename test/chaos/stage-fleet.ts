import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningCommand, startSpanloom } from '../e2e/spanloom.ts';
import { pick } from './fault-schedule.ts';

/** Stages that run in a fleet. */
export const fleetStages = ['enricher', 'correlator', 'sink'] as const;
export type FleetStage = (typeof fleetStages)[number];

/** One process. */
export interface Instance {
  readonly stage: FleetStage;
  /** For people: enricher-3. */
  readonly name: string;
  /** It came in addition and leaves again: nobody starts another one in its place. */
  readonly isGuest: boolean;
  readonly command: RunningCommand;
}

const endWithinMs = 30_000;
/** For a process to write down where it is. */
const reportWithinMs = 5_000;
const cutOffPattern = /did not end within/;

/** Instances of all stages of one pipeline, each a process of its own. */
export class StageFleet {
  readonly #settings: Readonly<Record<string, string>>;
  readonly #running: Instance[] = [];
  readonly #counts = new Map<FleetStage, number>();
  readonly #reports = mkdtempSync(join(tmpdir(), 'spanloom-reports-'));
  /** What instances did that nobody had asked for. */
  readonly problems: string[] = [];

  constructor(settings: Readonly<Record<string, string>>) {
    this.#settings = settings;
  }

  get running(): readonly Instance[] {
    return this.#running;
  }

  start(stage: FleetStage, isGuest = false): Instance {
    const count = (this.#counts.get(stage) ?? 0) + 1;
    this.#counts.set(stage, count);
    const command = startSpanloom([stage], {
      ...this.#settings,
      NODE_OPTIONS: `--report-on-signal --report-directory=${this.#reports}`,
      SPANLOOM_METRICS_PORT: '0',
      SPANLOOM_BUS_KAFKA_CLIENT_ID: `${stage}-${count}`,
    });
    const instance: Instance = { stage, name: `${stage}-${count}`, isGuest, command };
    this.#running.push(instance);
    void command.ended.then((code) => {
      if (!this.#forget(instance)) return;
      // Whoever supervises it starts it again; that it had to is told.
      this.problems.push(`${instance.name} ended by itself with ${code ?? 'a signal'}: ${lastLines(command)}`);
      if (!isGuest) this.start(stage);
    });
    return instance;
  }

  /** kill -9 of one of those that run. */
  async killOne(choice: number): Promise<Instance | undefined> {
    const instance = pick(this.#running, choice);
    if (instance === undefined) return undefined;
    this.#forget(instance);
    instance.command.child.kill('SIGKILL');
    await instance.command.ended;
    return instance;
  }

  /** Ends an instance in order. */
  async stop(instance: Instance): Promise<void> {
    if (!this.#forget(instance)) return;
    const { child, ended } = instance.command;
    child.kill('SIGTERM');
    const last = await Promise.race([ended, sleep(endWithinMs, 'no end' as const, { ref: false })]);
    // When a process has ended its output may still be open.
    const code = last === 'no end' ? (child.exitCode ?? last) : last;
    const place = code === 'no end' ? await this.#placeOf(instance) : '';
    if (code === 'no end') child.kill('SIGKILL');
    // Where what it waits for is away it may be cut off, which it says.
    const isCutOff = code === 1 && cutOffPattern.test(instance.command.errors());
    if (code !== 0 && !isCutOff && code !== undefined)
      this.problems.push(`${instance.name} ended with ${code} after SIGTERM: ${lastLines(instance.command)}${place}`);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((instance) => this.stop(instance)));
  }

  /** kill -9 of everything, at once. */
  abandon(): void {
    for (const { command } of this.#running.splice(0)) command.child.kill('SIGKILL');
    rmSync(this.#reports, { recursive: true, force: true });
  }

  /** Where a process is that does not end. */
  async #placeOf({ command: { child } }: Instance): Promise<string> {
    child.kill('SIGUSR2');
    await sleep(reportWithinMs);
    const name = readdirSync(this.#reports).find((file) => file.includes(`.${child.pid}.`));
    if (name === undefined) return ' | it does not say where it is';
    const report = JSON.parse(readFileSync(join(this.#reports, name), 'utf8')) as {
      readonly javascriptStack: { readonly stack?: readonly string[] };
      readonly libuv: readonly { readonly type: string; readonly is_active: boolean }[];
    };
    const handles = report.libuv.filter(({ is_active: isActive }) => isActive).map(({ type }) => type);
    return ` | ${JSON.stringify({ stack: report.javascriptStack.stack, handles })}`;
  }

  #forget(instance: Instance): boolean {
    const index = this.#running.indexOf(instance);
    if (index >= 0) this.#running.splice(index, 1);
    return index >= 0;
  }
}

function lastLines(command: RunningCommand): string {
  return command.errors().trim().split('\n').slice(-3).join(' | ').slice(-1_500);
}
