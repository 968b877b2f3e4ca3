/**
 * Services of which some report spans and some do not, with proxies between them, as trees of which every true parent is known.
 * Depends on its seed alone.
 */
import { Random } from '../../core/testing/random.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { events, lasting, reportedSpan, reportedTraceId } from './scenario.ts';
import { afterRequest, hexId, side } from './span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';

/** Spans that came, and for each the ancestors that it truly has among them, the parent first. */
export interface ReportedFleet {
  readonly spans: readonly Span[];
  readonly ancestors: ReadonlyMap<string, readonly string[]>;
}

interface Node {
  readonly span: Span;
  readonly parent: Node | undefined;
}

/** What a request carries. */
interface Context {
  readonly traceId: string;
  readonly spanId: string;
}

/** One tree of requests. */
class Tree {
  readonly #random: Random;
  readonly nodes: Node[] = [];
  readonly #traceId: string;
  readonly #lossPercent: number;
  #next: number;
  #processes = 10;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#next = seed * 10_000 + 1;
    this.#traceId = reportedTraceId.slice(8) + seed.toString(16).padStart(8, '0');
    this.#lossPercent = this.#random.below(2) * 10;
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  #add(span: Span, parent: Node | undefined): Node {
    const node = { span, parent };
    this.nodes.push(node);
    return node;
  }

  #report(
    point: 'c-app' | 'app' | 's-app',
    stated: string,
    [from, to]: readonly [number, number],
    facts: Partial<Span> & { readonly program: number },
    clockMs: number,
  ): Span {
    const id = this.#next++;
    const span = reportedSpan(id, 0, point, [from + clockMs, to + clockMs], facts);
    return { ...span, parentSpanId: stated, headerTraceId: this.#traceId };
  }

  /** A request to a new process, and all that it leads to. */
  request(
    caller: Node | undefined,
    from: number,
    to: number,
    depth: number,
    context: Context | undefined,
    made: Partial<Span>,
  ): void {
    const processId = ++this.#processes;
    const id = this.#next;
    this.#next += 4;
    const header = context === undefined ? {} : { headerTraceId: context.traceId, headerSpanId: context.spanId };
    const shared = {
      requestTcpSequence: 1 + id,
      responseTcpSequence: 2_000_000_000 - id,
      client: side(processId % 250, 30_000 + (id % 20_000)),
      server: side((processId + 1) % 250, 80),
      ...header,
    };
    const view = (offset: number, observationPoint: string, shrink: number, facts: Partial<Span>): Span =>
      aSpan({
        ...shared,
        spanId: hexId(id + offset),
        observationPoint,
        ...lasting(from + shrink, to - shrink),
        ...events(Math.round((from + shrink) * 1000), Math.round((to - shrink) * 1000)),
        ...facts,
      });
    let above = this.#add(view(0, 'c-p', 0, { processId: 1, ...made }), caller);
    const packets = { signalSource: 'packet', processId: 0 } as const;
    if (this.#chance(50)) above = this.#add(view(1, 'c', 0.1, packets), above);
    if (this.#chance(50)) above = this.#add(view(2, 's', 0.2, packets), above);
    const served = this.#add(view(3, 's-p', 0.3, { processId }), above);
    this.#serve(served, from + 0.4, to - 0.4, depth, context, processId);
  }

  #serve(served: Node, from: number, to: number, depth: number, context: Context | undefined, processId: number): void {
    const calls = { processId, causes: [afterRequest(served.span)] };
    const kind = depth === 0 ? 3 : this.#random.below(4);
    if (kind === 0) {
      // A proxy passes on what it got, sometimes twice.
      const half = this.#chance(25) ? (from + to) / 2 : to - 0.2;
      this.request(served, from + 0.2, half, depth - 1, context, calls);
      if (half < to - 1) this.request(served, half + 0.3, to - 0.2, depth - 1, context, calls);
      return;
    }
    if (kind === 1) {
      this.#operations(served, from, to, depth, undefined, processId, 0, calls);
      return;
    }
    const clockMs = [0, 0, 0.5, -0.5, 50, -50, 180_000][this.#random.below(7)]!;
    const entry = this.#add(
      this.#report('s-app', context?.spanId ?? '', [from + 0.05, to - 0.05], { program: processId }, clockMs),
      served,
    );
    this.#operations(entry, from + 0.1, to - 0.1, depth, entry, processId, clockMs, calls);
  }

  /** What is done one after the other, or beside each other, below a node. `within` is the reported span around, if any. */
  #operations(
    parent: Node,
    from: number,
    to: number,
    depth: number,
    within: Node | undefined,
    processId: number,
    clockMs: number,
    calls: Partial<Span>,
  ): void {
    const count = 1 + this.#random.below(3);
    const isParallel = this.#chance(40);
    const mode = this.#random.below(4);
    const step = (to - from) / count;
    for (let index = 0; index < count; index++) {
      const start = isParallel ? from + 0.2 + 0.3 * index : from + index * step + 0.1;
      const end = isParallel ? to - 0.2 - this.#random.below(10) / 20 : start + step - 0.2;
      if (end - start < 3) continue;
      // What goes on beside each other is of one kind; of calls to a database without a client's span nobody could tell.
      const what = isParallel ? mode : this.#random.below(4);
      this.#operation(what, parent, start, end, depth, within, processId, clockMs, calls);
    }
  }

  #operation(
    what: number,
    parent: Node,
    start: number,
    end: number,
    depth: number,
    within: Node | undefined,
    processId: number,
    clockMs: number,
    calls: Partial<Span>,
  ): void {
    const program = processId;
    const report = (point: 'c-app' | 'app', facts: Partial<Span> = {}): Node =>
      this.#add(this.#report(point, within!.span.spanId, [start, end], { program, ...facts }, clockMs), within);
    if (what === 0 && within !== undefined && end - start > 8) {
      const work = report('app');
      this.#operations(work, start + 0.2, end - 0.2, depth, work, processId, clockMs, calls);
    } else if (what === 1 && depth > 0) {
      const exit = within === undefined ? undefined : report('c-app', { protocol: 'http1', server: side(0, 80) });
      const context = exit === undefined ? undefined : { traceId: this.#traceId, spanId: exit.span.spanId };
      this.request(exit ?? parent, start + 0.2, end - 0.2, depth - 1, context, calls);
    } else {
      const id = this.#next++;
      const facts = {
        protocol: 'mysql',
        requestType: 'SELECT',
        requestResource: `select ${this.#random.below(3)}`,
        server: side(3, 3306),
      } as const;
      const around = what === 2 && within !== undefined ? report('c-app', facts) : undefined;
      const call = aSpan({
        ...facts,
        spanId: hexId(id),
        ...lasting(start + 0.2, end - 0.2),
        ...events(Math.round(start * 1000) + 200, Math.round(end * 1000) - 200),
        requestTcpSequence: 1 + id,
        responseTcpSequence: 2_000_000_000 - id,
        client: side(2, 20_000 + (id % 20_000)),
        ...calls,
      });
      this.#add(call, around ?? parent);
    }
  }

  /** What came, in an order of chance, some of it not. */
  arrived(): ReportedFleet {
    // Of one source at a time: where a client's span and the call of another are lost, nothing tells what is left apart.
    const isReportedLost = this.#chance(50);
    const here = this.nodes.filter(
      ({ span }) => (span.signalSource === 'otel') !== isReportedLost || !this.#chance(this.#lossPercent),
    );
    const ids = new Set(here.map(({ span }) => span.spanId));
    const ancestors = new Map<string, readonly string[]>();
    for (const { span, parent } of here) {
      const above: string[] = [];
      for (let node = parent; node !== undefined; node = node.parent)
        if (ids.has(node.span.spanId)) above.push(node.span.spanId);
      ancestors.set(span.spanId, above);
    }
    const inTurn = here.map(({ span }) => ({ span, order: this.#random.next() }));
    return { spans: inTurn.sort((left, right) => left.order - right.order).map(({ span }) => span), ancestors };
  }
}

/** One request with all that follows from it. */
export function reportedFleet(seed: number): ReportedFleet {
  const tree = new Tree(seed);
  tree.request(undefined, 0, 400, 4, undefined, { processId: 1 });
  return tree.arrived();
}
