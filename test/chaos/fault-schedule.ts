import { Random } from '../../core/testing/random.ts';

/** What can go wrong besides an instance of a stage that is killed. */
export const otherFaults = [
  'broker_stop',
  'broker_kill',
  'redis_stop',
  'redis_flush',
  'clickhouse_refuse',
  'clickhouse_kill',
  'join',
  'leave',
  'poison',
  'duplicate',
  'reorder',
] as const;

/** `kill`: kill -9 of an instance of a stage, in the middle of whatever it does. */
export type FaultKind = 'kill' | (typeof otherFaults)[number];

/** One fault, decided before the run begins. */
export interface Fault {
  readonly kind: FaultKind;
  /** Since the beginning of the input. */
  readonly atMs: number;
  /** How long what was taken away stays away. */
  readonly pauseMs: number;
  /** In [0, 1): which of those that there are. */
  readonly choice: number;
}

/** Bounds of the time between two faults. */
const gapMs = [600, 3_000] as const;
const pausesMs: Readonly<Partial<Record<FaultKind, readonly [number, number]>>> = {
  kill: [0, 4_000],
  broker_stop: [500, 5_000],
  broker_kill: [500, 5_000],
  redis_stop: [500, 8_000],
  clickhouse_refuse: [3_000, 20_000],
  clickhouse_kill: [500, 8_000],
  join: [4_000, 15_000],
  leave: [0, 6_000],
};
/** Once in a long run the database refuses for two minutes. */
const longRefusalMs = 120_000;
const longRun = 50;

/** The faults of a run: as many kills as asked for, and as many others, every kind of them at least once. */
export function faultSchedule(options: { readonly seed: number; readonly kills: number }): readonly Fault[] {
  const random = new Random(options.seed);
  const others: FaultKind[] = [];
  do others.push(...random.shuffled(otherFaults));
  while (others.length < options.kills);
  others.length = Math.max(options.kills, otherFaults.length);
  const kills = Array.from({ length: options.kills }, (): FaultKind => 'kill');
  let atMs = 3_000;
  let hasLongRefusal = options.kills < longRun;
  return random.shuffled([...kills, ...others]).map((kind) => {
    atMs += random.between(...gapMs);
    const pause = random.between(...(pausesMs[kind] ?? [0, 0]));
    const isLong = kind === 'clickhouse_refuse' && !hasLongRefusal;
    hasLongRefusal ||= isLong;
    return { kind, atMs: Math.round(atMs), pauseMs: Math.round(isLong ? longRefusalMs : pause), choice: random.next() };
  });
}

/** One of some, as a fault's `choice` in [0, 1) says. Undefined when there is none. */
export function pick<Item>(items: readonly Item[], choice: number): Item | undefined {
  return items[Math.floor(choice * items.length)];
}
