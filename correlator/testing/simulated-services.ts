/**
 * Services that do not exist: requests through a gateway, an event loop, threads and stores, many at a time, with the
 * spans that an enricher would make of them and the truth about every parent. Depends on its seed alone.
 */
import { Random } from '../../core/testing/random.ts';
import type { Cause, Span } from '../../schemas/generated/span.ts';
import { afterRequest, afterResponse, hexId, side } from './span-messages.ts';
import { epochNs, aSpan } from '../../schemas/testing/a-span.ts';

/** One service. */
export interface SimulatedService {
  readonly name: string;
  readonly agentId: number;
  readonly host: number;
  readonly processId: number;
  readonly port: number;
  /** loop: one context does everything. threads: each request has a context of its own. */
  readonly contexts: 'loop' | 'threads';
  readonly isUdp?: boolean;
}

/** What a service does for one request: stages one after the other, the calls of a stage at the same time. */
export interface Work {
  readonly service: SimulatedService;
  readonly stages: readonly (readonly Work[])[];
}

/** How requests arrive and what is noted of them. */
export interface SimulationOptions {
  readonly seed: number;
  readonly requests: number;
  /** Mean time between requests, in microseconds. */
  readonly everyUs: number;
  /** What the enricher's rule was found to be. */
  readonly isLearned: boolean;
  /** Also note what a rule that does not hold would say. */
  readonly withWrongRule?: boolean;
  /** Without any notes: an application the enricher can say nothing about. */
  readonly withoutNotes?: boolean;
  /** The gateway gives each request an X-Request-ID that all services pass on. */
  readonly withRequestIds?: boolean;
  /** Clock error of an agent, in nanoseconds. */
  readonly skewNs?: Readonly<Record<number, number>>;
}

/** Spans in the order they ended, and for each its true parent's id, '' for roots. */
export interface Simulation {
  readonly spans: readonly Span[];
  readonly truth: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string>;
}

const service = (name: string, agentId: number, contexts: 'loop' | 'threads', isUdp = false): SimulatedService => {
  const index = ['client', 'gateway', 'node', 'python', 'redis', 'dns'].indexOf(name);
  return { name, agentId, host: index + 1, processId: 100 * (index + 1), port: 8000 + index, contexts, isUdp };
};

export const client = service('client', 1, 'loop');
export const gateway = service('gateway', 1, 'loop');
export const node = service('node', 1, 'loop');
export const python = service('python', 2, 'threads');
export const redis = service('redis', 2, 'loop');
export const dns = service('dns', 2, 'loop', true);

const leaf = (to: SimulatedService): Work => ({ service: to, stages: [] });

/** 18 spans: gateway to Node; there two stores at once, then Python twice in sequence, each with its own calls. */
export const eighteenSpans: Work = {
  service: gateway,
  stages: [
    [
      {
        service: node,
        stages: [
          [leaf(redis), leaf(redis)],
          [{ service: python, stages: [[leaf(redis)]] }],
          [{ service: python, stages: [[leaf(dns)], [leaf(redis)]] }],
        ],
      },
    ],
  ],
};

interface Call {
  readonly from: SimulatedService;
  readonly to: SimulatedService;
  readonly caller: Call | undefined;
  readonly clientId: string;
  readonly serverId: string;
  readonly request: number;
  readonly requestSequence: number;
  readonly responseSequence: number;
  readonly clientPort: number;
  readonly serverContext: number;
  /** Microseconds: sent, arrived, answered, answer arrived. */
  times: readonly [number, number, number, number];
  clientCauses: readonly Cause[];
  serverCauses: readonly Cause[];
}

/** What a call continued: the response of the one before, else the request that it is made for. */
function noteOf(served: Call, previous: Call | undefined, { isLearned }: SimulationOptions): Cause {
  const note = { learned: isLearned };
  return previous === undefined
    ? afterRequest({ spanId: served.serverId }, note)
    : afterResponse({ spanId: previous.clientId }, note);
}

/** Runs the services. */
export function simulate(work: Work, options: SimulationOptions): Simulation {
  const random = new Random(options.seed);
  const calls: Call[] = [];
  let nextId = options.seed * 1_000_000 + 1;
  const between = (low: number, high: number): number => random.between(low, high);

  function call(from: SimulatedService, to: Work, caller: Call | undefined, atUs: number, request: number): Call {
    const context =
      to.service.contexts === 'loop' ? to.service.processId : to.service.processId + 1 + (nextId % 100_000);
    const made: Call = {
      from,
      to: to.service,
      caller,
      clientId: hexId(nextId++),
      serverId: hexId(nextId++),
      request,
      requestSequence: 1 + random.below(0xfffffffe),
      responseSequence: 1 + random.below(0xfffffffe),
      clientPort: 20_000 + random.below(40_000),
      serverContext: context,
      times: [0, 0, 0, 0],
      clientCauses: [],
      serverCauses: [],
    };
    calls.push(made);
    const arrivedUs = atUs + between(20, 200);
    let nowUs = arrivedUs;
    let last: Call | undefined;
    for (const stage of to.stages) {
      const startUs = nowUs + between(20, 300);
      const previous: Call | undefined = last;
      const made_ = stage.map((next, index) => {
        const child = call(to.service, next, made, startUs + index * 3, request);
        child.clientCauses = [noteOf(made, previous, options)];
        return child;
      });
      last = made_.reduce((latest, child) => (child.times[3] > latest.times[3] ? child : latest));
      nowUs = last.times[3];
    }
    if (last !== undefined)
      made.serverCauses = [afterResponse({ spanId: last.clientId }, { learned: options.isLearned })];
    const answeredUs = nowUs + between(20, 300);
    made.times = [atUs, arrivedUs, answeredUs, answeredUs + between(20, 200)];
    return made;
  }

  let atUs = 0;
  for (let request = 0; request < options.requests; request++) {
    call(client, work, undefined, atUs, request);
    atUs += between(0.5, 1.5) * options.everyUs;
  }
  const eventIds = numberEvents(calls);
  if (options.withWrongRule === true) addWrongNotes(calls, random);
  const spans = calls.flatMap((made) => spansOf(made, eventIds, options));
  spans.sort((left, right) => {
    const order = left.startTimeNs + BigInt(left.durationNs) - (right.startTimeNs + BigInt(right.durationNs));
    return order < 0n ? -1 : order > 0n ? 1 : 0;
  });
  return { spans, ...truthOf(calls) };
}

/** The true parent and the name of each span, by its id. */
function truthOf(calls: readonly Call[]): Pick<Simulation, 'truth' | 'names'> {
  const truth = new Map<string, string>();
  const names = new Map<string, string>();
  for (const made of calls) {
    truth.set(made.clientId, made.caller?.serverId ?? '');
    truth.set(made.serverId, made.clientId);
    names.set(made.clientId, `${made.from.name}>${made.to.name}`);
    names.set(made.serverId, made.to.name);
  }
  return { truth, names };
}

/** Notes of a rule that does not hold here: some server span that happened to be open. */
function addWrongNotes(calls: readonly Call[], random: Random): void {
  for (const made of calls) {
    const open = calls.filter(
      ({ to, times }) => to === made.from && times[1] < made.times[0] && times[2] > made.times[0],
    );
    const wrong = open[random.below(open.length)];
    if (wrong === undefined) continue;
    const note = { rule: 'queue', learned: false, confidence: 0.4 } as const;
    made.clientCauses = [...made.clientCauses, afterRequest({ spanId: wrong.serverId }, note)];
  }
}

type Moment = 'sent' | 'arrived' | 'answered' | 'received';

/** Gives the events of each agent their ids, in the order of time. */
function numberEvents(calls: readonly Call[]): (call: Call, moment: Moment) => number {
  const events = calls.flatMap((made) =>
    (['sent', 'arrived', 'answered', 'received'] as const).map((moment, index) => ({
      key: `${made.clientId} ${moment}`,
      agentId: index === 0 || index === 3 ? made.from.agentId : made.to.agentId,
      atUs: made.times[index]!,
    })),
  );
  events.sort((left, right) => left.atUs - right.atUs);
  const ids = new Map<string, number>();
  const next = new Map<number, number>();
  for (const { key, agentId } of events) {
    const id = next.get(agentId) ?? 1_750_000_000_000_000;
    ids.set(key, id);
    next.set(agentId, id + 1);
  }
  return (call, moment) => ids.get(`${call.clientId} ${moment}`)!;
}

function spansOf(
  made: Call,
  eventId: (call: Call, moment: Moment) => number,
  options: SimulationOptions,
): readonly Span[] {
  const [sent, arrived, answered, received] = made.times;
  const at = (agentId: number, us: number): bigint =>
    epochNs + BigInt(Math.round(us * 1000)) + BigInt(options.skewNs?.[agentId] ?? 0);
  const isUdp = made.to.isUdp === true;
  const id =
    options.withRequestIds === true && made.from.name !== 'client' ? `request-${options.seed}-${made.request}` : '';
  const shared = {
    protocol: isUdp ? 'dns' : 'http1',
    transport: isUdp ? 'udp' : 'tcp',
    requestTcpSequence: isUdp ? 0 : made.requestSequence,
    responseTcpSequence: isUdp ? 0 : made.responseSequence,
    requestId: isUdp ? made.requestSequence % 65_536 : 0,
    client: side(made.from.host, made.clientPort),
    server: side(made.to.host, made.to.port),
    endpoint: `/${made.to.name}`,
    xRequestIdRequest: isUdp ? '' : id,
  } as const;
  const callerContext = made.caller?.serverContext ?? made.from.processId;
  return [
    aSpan({
      ...shared,
      spanId: made.clientId,
      agentId: made.from.agentId,
      processId: made.from.processId,
      processName: made.from.name,
      observationPoint: 'c-p',
      startTimeNs: at(made.from.agentId, sent),
      durationNs: Math.round((received - sent) * 1000),
      timeToFirstByteNs: Math.round((received - sent) * 1000),
      requestEventId: eventId(made, 'sent'),
      responseEventId: eventId(made, 'received'),
      requestContextId: callerContext,
      responseContextId: callerContext,
      causes: options.withoutNotes === true ? [] : made.clientCauses,
    }),
    aSpan({
      ...shared,
      spanId: made.serverId,
      agentId: made.to.agentId,
      processId: made.to.processId,
      processName: made.to.name,
      observationPoint: 's-p',
      startTimeNs: at(made.to.agentId, arrived),
      durationNs: Math.round((answered - arrived) * 1000),
      timeToFirstByteNs: Math.round((answered - arrived) * 1000),
      requestEventId: eventId(made, 'arrived'),
      responseEventId: eventId(made, 'answered'),
      requestContextId: made.serverContext,
      responseContextId: made.serverContext,
      causes: options.withoutNotes === true ? [] : made.serverCauses,
    }),
  ];
}
