import type { Database, Endpoint, Stack } from './stack.ts';

/** Requests that follow each other under one load: these endpoints in turn. */
export interface Phase {
  readonly endpoints: readonly Endpoint[];
  /** Share of the load's requests. */
  readonly share: number;
}

/** The shape of a load. */
export interface Shape {
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly inFlight: number;
}

/** Requests in flight, where nothing else is said. */
export const usualInFlight = 64;

const shapeNames: Readonly<Record<Endpoint, string>> = {
  one: 'one call',
  sequence: 'three in sequence',
  parallel: 'three in parallel',
  databases: 'databases',
  timer: 'call from a timer',
};

/**
 * The loads that a stack is put under: each endpoint alone; then one after the other and all in turn, which shows what is decided
 * right after the shape of the load has changed, when what was learned of the process holds no more.
 */
export function shapesOf({ endpoints, crowd }: Stack): readonly Shape[] {
  const shapes = endpoints.map((endpoint) => shape(shapeNames[endpoint], [{ endpoints: [endpoint], share: 1 }]));
  if (crowd !== undefined)
    shapes.push(shape(`one call, ${crowd} in flight`, [{ endpoints: ['one'], share: 1 }], crowd));
  const changing = endpoints.filter((endpoint) => endpoint !== 'timer');
  if (changing.length > 1) {
    const turns = [...changing.map((endpoint) => [endpoint]), changing];
    const phases = turns.map((turn) => ({ endpoints: turn, share: 1 / turns.length }));
    shapes.push(shape('changing', phases));
  }
  return shapes;
}

function shape(name: string, phases: readonly Phase[], inFlight = usualInFlight): Shape {
  return { name, phases, inFlight };
}

/** Calls that one request of an endpoint makes. */
export function callsOf(endpoint: Endpoint, databases: readonly Database[] = []): number {
  if (endpoint === 'databases') return 1 + databases.length;
  return endpoint === 'one' || endpoint === 'timer' ? 1 : 3;
}

/** Calls per request of a shape, on average. */
export function callsPerRequest({ phases }: Shape, databases: readonly Database[] = []): number {
  const ofPhase = ({ endpoints, share }: Phase): number =>
    (share * sum(endpoints.map((endpoint) => callsOf(endpoint, databases)))) / endpoints.length;
  return sum(phases.map(ofPhase));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Smallest share of right parents that is aimed at. */
export function goalOf({ phases }: Shape, { goal, goals = {} }: Stack): number {
  return Math.min(...phases.flatMap(({ endpoints }) => endpoints.map((endpoint) => goals[endpoint] ?? goal)));
}
