/**
 * A gateway in a kernel, for tests: clients that send the next request when the last is answered, a process that serves
 * them on one event loop, on threads, or hands them from a loop to threads, and a backend that takes its time. Out come
 * the events that capture would have sent, with the facts that the kernel programs note (slot, phase, connect). Every
 * request and every call carries the number of the request it truly belongs to, as its resource, which only tests read.
 *
 *   immediate  what is read is handled before the next read (Node, nginx)
 *   queued     all is read first, then requests are worked off in order and responses in any order (HAProxy)
 *   ready      one pass of the ready queue per phase, each piece of work waits for a fixed number of passes (asyncio)
 *   deferred   as immediate, but calls are written a turn later, in order (undici)
 *   stacked    what is read is handled at once, on the connection that was freed last; everything is written a turn later, in
 *              any order and among its reads (Envoy)
 *   threads    a thread per connection, which blocks
 *   handoff    one loop reads requests and writes replies, threads of a pool make the calls
 */
import type { SocketEvent } from '../../../schemas/generated/event-batch.ts';
import { Random } from '../../../core/testing/random.ts';
import { Kernel, type SimulatedSocket } from './simulate-kernel.ts';

export type Scheduling = 'immediate' | 'queued' | 'ready' | 'deferred' | 'stacked' | 'threads' | 'handoff';

/** One thing a handler does: `count` calls at once and wait for all, sleep, or use up processor time. */
export type Step =
  | { readonly kind: 'calls'; readonly count: number; readonly endpoint: string }
  | { readonly kind: 'sleep'; readonly meanMs: number };

/** A pool of connections. */
export interface PoolScenario {
  /** Of the peer. */
  readonly port: number;
  /** Calls wait for a free connection when there are so many. */
  readonly size: number;
  /** The call that came last gets the next free connection. */
  readonly isLastFirst?: boolean;
  /** A call waits so long at most; then its handler goes on without it. */
  readonly waitMs?: number;
}

/** What is simulated. */
export interface Scenario {
  readonly scheduling: Scheduling;
  readonly seed: number;
  readonly inFlight: number;
  readonly requests: number;
  /** What the handler of each request does, by the number of the request. */
  readonly steps: (request: number) => readonly Step[];
  readonly endpoint?: (request: number) => string;
  /** pool: kept connections, as many as needed; new: one per call; shared: one for all calls, pipelined. */
  readonly connections?: 'pool' | 'new' | 'shared';
  /** Calls wait for a free connection of the pool when there are so many; unbounded by default. */
  readonly poolSize?: number;
  /** Pools of their own, by endpoint. */
  readonly pools?: Readonly<Record<string, PoolScenario>>;
  /** Whether the loop's timer phase clears the slot (the probe is attached). Default true. */
  readonly timersClear?: boolean;
  readonly backendMeanMs?: number;
  /** Bodies of requests come in a segment of their own. */
  readonly requestBodyBytes?: number;
  /** Replies are written with this many calls. */
  readonly replyParts?: number;
}

/** The events, in order, and how many requests were served. */
export interface Simulation {
  readonly events: readonly SocketEvent[];
}

interface Task {
  readonly request: number;
  readonly client: SimulatedSocket;
  readonly steps: readonly Step[];
  readonly context: number;
  step: number;
  awaited: number;
}

interface Arrival {
  readonly atNs: number;
  readonly socket: SimulatedSocket;
  readonly text: string;
  readonly bytes: number;
  /** Tasks whose requests or responses begin in it. */
  readonly tasks: readonly Task[];
  readonly kind: 'request' | 'response' | 'body' | 'writable';
}

interface Waiter {
  readonly task: Task;
  readonly endpoint: string;
}

/** Kept connections of one pool, and the calls that wait for one. */
interface Pool extends PoolScenario {
  readonly free: SimulatedSocket[];
  waiting: Waiter[];
  count: number;
}

interface Ready {
  passes: number;
  readonly run: () => void;
}

const loopThread = 1000;
const readNs = 15_000;
const writeNs = 10_000;
const thinkNs = 100_000;

/** Runs a scenario to its end. */
export function simulate(scenario: Scenario): Simulation {
  return new Gateway(scenario).run();
}

class Gateway {
  private readonly scenario: Scenario;
  private readonly random: Random;
  private readonly kernel = new Kernel();
  private readonly arrivals: Arrival[] = [];
  private readonly timers: { readonly atNs: number; readonly run: () => void }[] = [];
  private ready: Ready[] = [];
  /** Writes of the next turn. */
  private later: (() => void)[] = [];
  private readonly usual: Pool;
  private readonly pools = new Map<PoolScenario, Pool>();
  private readonly poolBySocket = new Map<SimulatedSocket, Pool>();
  private readonly endpoints = new Map<SimulatedSocket, string>();
  private readonly backendFreeNs = new Map<SimulatedSocket, number>();
  private shared: SimulatedSocket | undefined;
  private started = 0;
  private served = 0;
  private nextWorker = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.random = new Random(scenario.seed);
    this.usual = newPool({ port: 90, size: scenario.poolSize ?? Infinity });
  }

  run(): Simulation {
    const { kernel, scenario } = this;
    const { inFlight, scheduling } = scenario;
    for (let index = 0; index < inFlight; index++) {
      const thread = scheduling === 'threads' ? loopThread + 1 + index : loopThread;
      const client = kernel.accepted(thread);
      this.send(client, thread, this.random.below(thinkNs));
    }
    if (scheduling === 'threads') this.runThreads();
    else this.runLoop();
    return { events: kernel.events };
  }

  /** A client sends its next request. */
  private send(client: SimulatedSocket, thread: number, delayNs: number): void {
    const { scenario, kernel } = this;
    if (this.started >= scenario.requests) return;
    const request = this.started++;
    const body = scenario.requestBodyBytes ?? 0;
    const endpoint = scenario.endpoint?.(request) ?? '/';
    const text = `Q ${endpoint} ${request} ${body}\n`;
    const steps = scenario.steps(request);
    const task: Task = { request, client, steps, context: thread, step: 0, awaited: 0 };
    const atNs = kernel.nowNs + delayNs;
    this.arrive({ atNs, socket: client, text, bytes: text.length, tasks: [task], kind: 'request' });
    if (body > 0)
      this.arrive({ atNs: atNs + 50_000, socket: client, text: '', bytes: body, tasks: [task], kind: 'body' });
  }

  private arrive(arrival: Arrival): void {
    let index = this.arrivals.length;
    while (index > 0 && this.arrivals[index - 1]!.atNs > arrival.atNs) index--;
    this.arrivals.splice(index, 0, arrival);
  }

  private runLoop(): void {
    const { kernel, scenario } = this;
    while (this.served < scenario.requests) {
      this.runTimers();
      if (this.ready.length === 0 && this.later.length === 0) {
        const next = Math.min(this.arrivals[0]?.atNs ?? Infinity, this.timers[0]?.atNs ?? Infinity);
        if (next === Infinity) return;
        kernel.nowNs = Math.max(kernel.nowNs, next);
      }
      kernel.wait(loopThread);
      const arrived: Arrival[] = [];
      while (this.arrivals.length > 0 && this.arrivals[0]!.atNs <= kernel.nowNs) arrived.push(this.arrivals.shift()!);
      this.pass(this.random.shuffled(together(arrived)));
    }
  }

  /** One turn of the loop after waiting. */
  private pass(arrived: readonly Arrival[]): void {
    const { scenario, random } = this;
    switch (scenario.scheduling) {
      case 'queued': {
        const requests: (() => void)[] = [];
        const responses: (() => void)[] = [];
        for (const arrival of arrived)
          for (const run of this.read(arrival)) (arrival.kind === 'response' ? responses : requests).push(run);
        for (const run of requests) run();
        for (const run of random.shuffled(responses)) run();
        return;
      }
      case 'ready': {
        const todo = this.ready;
        this.ready = [];
        for (const entry of todo) {
          if (--entry.passes > 0) this.ready.push(entry);
          else entry.run();
        }
        for (const arrival of arrived) {
          const passes = arrival.kind === 'response' ? 1 : 2;
          for (const run of this.read(arrival)) this.ready.push({ passes, run });
        }
        return;
      }
      case 'deferred': {
        for (const arrival of arrived) for (const run of this.read(arrival)) run();
        const writes = this.later;
        this.later = [];
        if (writes.length > 0) this.kernel.wait(loopThread);
        for (const write of writes) write();
        return;
      }
      case 'stacked': {
        const writes = this.later;
        this.later = [];
        const handle = (arrival: Arrival) => () => {
          for (const run of this.read(arrival)) run();
        };
        for (const run of random.shuffled([...writes, ...arrived.map(handle)])) run();
        return;
      }
      default:
        for (const arrival of arrived) for (const run of this.read(arrival)) run();
        if (scenario.scheduling === 'handoff') this.runPosted();
    }
  }

  private runPosted(): void {
    const posted = this.ready;
    this.ready = [];
    if (posted.length === 0) return;
    this.kernel.wake(loopThread);
    for (const { run } of posted) run();
  }

  private runTimers(): void {
    const { kernel, scenario } = this;
    const due = this.timers.filter(({ atNs }) => atNs <= kernel.nowNs);
    if (scenario.timersClear !== false && scenario.scheduling === 'immediate') kernel.wake(loopThread);
    if (due.length === 0) return;
    this.timers.splice(0, due.length);
    for (const { run } of due) {
      if (scenario.scheduling === 'ready') this.ready.push({ passes: 1, run });
      else run();
    }
  }

  /** Reads what arrived on one socket; returns what is to be done about it. */
  private read(arrival: Arrival): (() => void)[] {
    const { kernel } = this;
    const { socket, kind, tasks } = arrival;
    if (kind === 'writable') return tasks.map((task) => () => this.write(socket, task));
    kernel.nowNs += readNs;
    kernel.read(loopThread, socket, arrival.text, arrival.bytes);
    if (kind === 'request') {
      if ((this.scenario.requestBodyBytes ?? 0) > 0) return [];
      return tasks.map((task) => () => this.start(task));
    }
    if (kind === 'body') return tasks.map((task) => () => this.start(task));
    return tasks.map((task) => () => this.answered(socket, task));
  }

  private start(task: Task): void {
    if (this.scenario.scheduling === 'handoff') this.handOff(task);
    else this.advance(task);
  }

  private answered(socket: SimulatedSocket, task: Task): void {
    task.awaited--;
    if (this.scenario.connections === 'new') this.kernel.close(loopThread, socket);
    else if (this.scenario.connections !== 'shared') this.release(socket);
    if (task.awaited === 0) this.advance(task);
  }

  /** A connection is free: a call that waits for one goes out on it at once, on behalf of another request. */
  private release(socket: SimulatedSocket): void {
    const pool = this.poolBySocket.get(socket) ?? this.usual;
    const next = pool.isLastFirst === true ? pool.waiting.pop() : pool.waiting.shift();
    if (next === undefined) pool.free.push(socket);
    else this.write(socket, next.task, next.endpoint);
  }

  private poolOf(endpoint: string): Pool {
    const wanted = this.scenario.pools?.[endpoint];
    if (wanted === undefined) return this.usual;
    let pool = this.pools.get(wanted);
    if (pool === undefined) this.pools.set(wanted, (pool = newPool(wanted)));
    return pool;
  }

  private wait(pool: Pool, waiter: Waiter): void {
    pool.waiting.push(waiter);
    if (pool.waitMs === undefined) return;
    this.startTimer(pool.waitMs, () => {
      if (!pool.waiting.includes(waiter)) return;
      pool.waiting = pool.waiting.filter((each) => each !== waiter);
      if (--waiter.task.awaited === 0) this.advance(waiter.task);
    });
  }

  private startTimer(afterMs: number, run: () => void): void {
    const atNs = this.kernel.nowNs + afterMs * 1e6;
    let index = this.timers.length;
    while (index > 0 && this.timers[index - 1]!.atNs > atNs) index--;
    this.timers.splice(index, 0, { atNs, run });
  }

  /** Goes on with a task until it has to wait again. */
  private advance(task: Task): void {
    const step = task.steps[task.step++];
    if (step === undefined) {
      if (this.scenario.scheduling === 'stacked') this.later.push(() => this.reply(task, loopThread));
      else this.reply(task, loopThread);
      return;
    }
    if (step.kind === 'sleep') {
      this.startTimer(this.random.around(step.meanMs), () => this.advance(task));
      return;
    }
    task.awaited = step.count;
    for (let index = 0; index < step.count; index++) this.call(task, step.endpoint);
  }

  private call(task: Task, endpoint: string): void {
    const { kernel, scenario } = this;
    switch (scenario.connections ?? 'pool') {
      case 'shared':
        this.shared ??= kernel.connected(loopThread);
        this.write(this.shared, task, endpoint);
        return;
      case 'new': {
        const socket = kernel.connected(loopThread);
        this.endpoints.set(socket, endpoint);
        const atNs = kernel.nowNs + 30_000;
        this.arrive({ atNs, socket, text: '', bytes: 0, tasks: [task], kind: 'writable' });
        return;
      }
      case 'pool': {
        const pool = this.poolOf(endpoint);
        let socket = pool.free.pop();
        if (socket === undefined && pool.count >= pool.size) {
          this.wait(pool, { task, endpoint });
          return;
        }
        if (socket === undefined) {
          pool.count++;
          // Pools are taken as filled before the capture began: their connects were not seen.
          socket = kernel.known(pool.port);
          this.poolBySocket.set(socket, pool);
        }
        this.write(socket, task, endpoint);
      }
    }
  }

  private write(socket: SimulatedSocket, task: Task, endpoint = this.endpoints.get(socket) ?? ''): void {
    const { scheduling } = this.scenario;
    const write = (): void => this.writeNow(socket, task, endpoint);
    if (scheduling === 'deferred' || scheduling === 'stacked') this.later.push(write);
    else write();
  }

  private writeNow(socket: SimulatedSocket, task: Task, endpoint: string): void {
    const { kernel, random, scenario } = this;
    kernel.nowNs += writeNs;
    kernel.write(loopThread, socket, `Q ${endpoint} ${task.request}\n`);
    const mean = (scenario.backendMeanMs ?? 3) * 1e6;
    const inOrder = this.backendFreeNs.get(socket) ?? 0;
    const atNs = Math.max(
      kernel.nowNs + 100_000 + random.around(mean),
      scenario.connections === 'shared' ? inOrder : 0,
    );
    this.backendFreeNs.set(socket, atNs);
    const text = 'A 200\n';
    this.arrive({ atNs, socket, text, bytes: text.length, tasks: [task], kind: 'response' });
  }

  private reply(task: Task, thread: number): void {
    const { kernel, random, scenario } = this;
    kernel.nowNs += writeNs;
    const parts = scenario.replyParts ?? 1;
    kernel.write(thread, task.client, parts > 1 ? `A 200 ${(parts - 1) * 100}\n` : 'A 200\n');
    for (let part = 1; part < parts; part++) kernel.write(thread, task.client, 'x'.repeat(100));
    this.served++;
    this.send(task.client, task.context, thinkNs + random.around(thinkNs));
  }

  /** A thread of the pool makes the calls, blocking; the loop is woken to write the reply. */
  private handOff(task: Task): void {
    const { kernel } = this;
    const thread = loopThread + 1 + (this.nextWorker++ % 16);
    const calls = task.steps.flatMap((step) =>
      step.kind === 'calls' ? new Array<string>(step.count).fill(step.endpoint) : [],
    );
    for (const endpoint of calls) {
      const socket = this.usual.free.pop() ?? kernel.known();
      kernel.write(thread, socket, `Q ${endpoint} ${task.request}\n`);
      kernel.read(thread, socket, 'A 200\n', 6);
      this.usual.free.push(socket);
    }
    this.ready.push({ passes: 1, run: () => this.reply(task, loopThread) });
  }

  /** Each thread serves one connection and waits for one thing at a time. */
  private runThreads(): void {
    const { kernel, random, scenario } = this;
    const kept = new Map<number, SimulatedSocket>();
    const running = new Map<Task, { calls: string[] }>();
    while (this.arrivals.length > 0) {
      const { atNs, socket, text, bytes, tasks } = this.arrivals.shift()!;
      kernel.nowNs = Math.max(kernel.nowNs, atNs);
      const [task] = tasks;
      if (task === undefined) continue;
      const thread = task.context;
      kernel.read(thread, socket, text, bytes);
      let state = running.get(task);
      if (state === undefined) {
        const calls = task.steps.flatMap((step) =>
          step.kind === 'calls' ? new Array<string>(step.count).fill(step.endpoint) : [],
        );
        running.set(task, (state = { calls }));
      }
      const endpoint = state.calls.shift();
      if (endpoint === undefined) {
        running.delete(task);
        this.reply(task, thread);
        continue;
      }
      let backend = kept.get(thread);
      if (backend === undefined || scenario.connections === 'new') {
        backend = kernel.connected(thread);
        kept.set(thread, backend);
      }
      kernel.write(thread, backend, `Q ${endpoint} ${task.request}\n`);
      const after = kernel.nowNs + random.around(2e6);
      this.arrive({ atNs: after, socket: backend, text: 'A 200\n', bytes: 6, tasks: [task], kind: 'response' });
    }
  }
}

const newPool = (scenario: PoolScenario): Pool => ({ ...scenario, free: [], waiting: [], count: 0 });

/** What arrived on one socket is read at once. */
function together(arrivals: readonly Arrival[]): Arrival[] {
  const bySocket = new Map<SimulatedSocket, Arrival>();
  for (const arrival of arrivals) {
    const before = bySocket.get(arrival.socket);
    if (before === undefined) {
      bySocket.set(arrival.socket, arrival);
      continue;
    }
    const tasks = arrival.kind === 'response' ? [...before.tasks, ...arrival.tasks] : arrival.tasks;
    const text = before.text + arrival.text;
    bySocket.set(arrival.socket, { ...arrival, text, bytes: before.bytes + arrival.bytes, tasks });
  }
  return [...bySocket.values()];
}
