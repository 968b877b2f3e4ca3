import type { Instance } from './stage-fleet.ts';

/** What a stage of one process says of its records. */
export interface StageAccount {
  readonly received: number;
  readonly emitted: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly buffered: number;
}

const linePattern =
  /^spanloom_stage_(received|emitted|dropped|rejected|buffered)(?:_total)?\{stage="([^"]+)".*\} (\d+)$/gm;

/** The accounts of all stages of a process, by the stage's name. */
export async function accountsOf({ command }: Instance): Promise<ReadonlyMap<string, StageAccount>> {
  const address = /Metrics are at (\S+)\/metrics/.exec(command.errors())?.[1];
  if (address === undefined) throw new Error('an instance serves no metrics');
  const text = await (await fetch(`${address}/metrics`)).text();
  const accounts = new Map<string, { -readonly [Outcome in keyof StageAccount]: number }>();
  for (const [, outcome, stage, count] of text.matchAll(linePattern)) {
    const account = accounts.get(stage!) ?? { received: 0, emitted: 0, dropped: 0, rejected: 0, buffered: 0 };
    account[outcome as keyof StageAccount] += Number(count);
    accounts.set(stage!, account);
  }
  return accounts;
}

/** received - (emitted + dropped + rejected + buffered). */
export function difference({ received, emitted, dropped, rejected, buffered }: StageAccount): number {
  return received - (emitted + dropped + rejected + buffered);
}
