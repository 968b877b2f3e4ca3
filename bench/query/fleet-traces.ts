/**
 * Traces of the fleet: a request from outside, what the services call for it, each call seen by the client's process, often by packets
 * on both nodes, and by the server's process. 1 to 60 spans, about 12.
 */
import type { Cause, Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { aSide } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { type Endpoint, type FleetService, type Instance, services } from './fleet.ts';
import { Random } from './random.ts';

const maxSpans = 60;

/** One that is being made. */
interface TraceInProgress {
  readonly random: Random;
  readonly spans: Span[];
  readonly carriedTraceId: string;
  readonly startTimeNs: bigint;
  readonly wantedSpans: number;
}

interface Caller {
  readonly service: FleetService | undefined;
  readonly instance: Instance | undefined;
  readonly serverSpanId: string;
}

const outside: Caller = { service: undefined, instance: undefined, serverSpanId: '' };

const statusOf = (random: Random, isFast: boolean): Pick<Span, 'status' | 'responseCode'> => {
  const chance = random.unit();
  if (chance < 0.004) return { status: 'server_error', responseCode: 500 };
  if (chance < 0.02) return { status: 'client_error', responseCode: 404 };
  if (chance < 0.0205 && !isFast) return { status: 'timeout', responseCode: 0 };
  return { status: 'ok', responseCode: 200 };
};

const statementOf = (endpoint: string, random: Random): string =>
  endpoint.replaceAll(/[?*]/g, () => String(random.below(500_000)));

function clientSide(random: Random, caller: Caller, port: number): Span['client'] {
  if (caller.instance !== undefined) return { ...caller.instance.side, port };
  const address = Uint8Array.of(80 + random.below(40), random.below(256), random.below(256), random.below(256));
  return aSide({
    address,
    port,
    autoInstanceId: 1,
    autoInstanceType: 14,
    autoServiceId: 1,
    autoServiceType: 14,
    resolution: 16,
  });
}

const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) Chrome/126',
  'Mozilla/5.0 (iPhone) Safari/17',
  'curl/8.5.0',
  'shop-app/3.2',
];

/** A call that is to be made. */
interface CallPlan {
  readonly service: FleetService;
  readonly instance: Instance;
  readonly endpoint: Endpoint;
  readonly offsetNs: number;
  readonly durationNs: number;
}

/** What all spans of one call have. */
type CallFacts = Pick<
  Span,
  | 'status'
  | 'responseCode'
  | 'requestDomain'
  | 'requestResource'
  | 'requestBytes'
  | 'responseBytes'
  | 'requestTcpSequence'
  | 'responseTcpSequence'
  | 'userAgent'
  | 'client'
  | 'server'
>;

/** What depends on where a call is seen. */
type SeenFacts = Pick<
  Span,
  | 'observationPoint'
  | 'signalSource'
  | 'agentId'
  | 'networkNamespace'
  | 'socketId'
  | 'flowId'
  | 'interfaceName'
  | 'processId'
  | 'processName'
  | 'causes'
>;

function resourceOf({ protocol }: FleetService, endpoint: Endpoint, random: Random): string {
  if (protocol === 'redis') return `${endpoint.requestType} session:${random.below(200_000)}`;
  return statementOf(endpoint.endpoint, random);
}

function callFacts({ random }: TraceInProgress, caller: Caller, plan: CallPlan): CallFacts {
  const { service, instance, endpoint } = plan;
  const isHttp = service.protocol === 'http1';
  const { status, responseCode } = statusOf(random, !isHttp);
  const ownAgent = isHttp ? 'okhttp/4.12.0' : '';
  return {
    status,
    responseCode: isHttp ? responseCode : 0,
    requestDomain: isHttp ? service.name : 'shop',
    requestResource: resourceOf(service, endpoint, random),
    requestBytes: 120 + random.below(400),
    responseBytes: 200 + random.zipf(40_000),
    requestTcpSequence: random.word(),
    responseTcpSequence: random.word(),
    userAgent: caller.service === undefined ? agents[random.zipf(agents.length)]! : ownAgent,
    client: clientSide(random, caller, 32_768 + random.below(28_000)),
    server: { ...instance.side, port: service.port },
  };
}

const processFacts = (
  random: Random,
  point: string,
  { agentId, processId }: Instance,
  processName: string,
  causes: readonly Cause[],
): SeenFacts => ({
  observationPoint: point,
  signalSource: 'ebpf',
  agentId,
  networkNamespace: 4_026_532_000 + (processId % 1_000),
  socketId: processId * 4_096 + random.below(64),
  flowId: 0,
  interfaceName: '',
  processId,
  processName,
  causes,
});

/** Of packets on a node: no process and no event of one. */
const packetFacts = (random: Random, point: string, agentId: number): SeenFacts => {
  const flowId = random.word();
  return {
    observationPoint: point,
    signalSource: 'packet',
    agentId,
    networkNamespace: 4_026_531_840,
    socketId: 0,
    flowId,
    interfaceName: `veth${flowId % 97}`,
    processId: 0,
    processName: '',
    causes: [],
  };
};

/** All fields in one literal: objects that are put together of others take ten times as long. */
function spanOf(
  trace: TraceInProgress,
  { service, endpoint }: CallPlan,
  call: CallFacts,
  seen: SeenFacts,
  place: Pick<Span, 'spanId' | 'parentSpanId' | 'reason' | 'startTimeNs' | 'durationNs'>,
): Span {
  const { random } = trace;
  const isHttp = service.protocol === 'http1';
  const event = Number(place.startTimeNs / 1_000n) - 1_760_000_000_000_000;
  const thread = seen.processId === 0 ? 0 : seen.processId + 1;
  return {
    spanId: place.spanId,
    parentSpanId: place.parentSpanId,
    likelyParents: [],
    nat: [],
    reason: place.reason,
    confidence: place.reason === 'root' ? 0 : place.reason === 'last_read' ? 0.999 : 1,
    agentId: seen.agentId,
    observationPoint: seen.observationPoint,
    signalSource: seen.signalSource,
    startTimeNs: place.startTimeNs,
    durationNs: place.durationNs,
    timeToFirstByteNs: Math.round(place.durationNs * (0.5 + random.unit() / 2)),
    otlp: Buffer.alloc(0),
    status: call.status,
    protocol: service.protocol,
    protocolVersion: isHttp ? '1.1' : '',
    isTls: false,
    transport: 'tcp',
    networkNamespace: seen.networkNamespace,
    socketId: seen.socketId,
    flowId: seen.flowId,
    interfaceName: seen.interfaceName,
    tunnels: [],
    requestEventId: event,
    responseEventId: event + 1 + random.below(40),
    requestTcpSequence: call.requestTcpSequence,
    responseTcpSequence: call.responseTcpSequence,
    requestType: endpoint.requestType,
    requestDomain: call.requestDomain,
    requestResource: call.requestResource,
    endpoint: endpoint.endpoint,
    requestId: 0,
    responseCode: call.responseCode,
    responseException: call.status === 'server_error' ? 'upstream connect error or disconnect' : '',
    responseResult: '',
    requestBytes: call.requestBytes,
    responseBytes: call.responseBytes,
    headerTraceId: isHttp ? trace.carriedTraceId : '',
    headerSpanId: '',
    xRequestIdRequest: '',
    xRequestIdResponse: '',
    forwardedFor: '',
    userAgent: call.userAgent,
    processId: seen.processId,
    processName: seen.processName,
    contextKind: 'thread',
    requestContextId: thread,
    responseContextId: thread,
    requestThreadId: thread,
    responseThreadId: thread,
    causes: seen.causes,
    client: call.client,
    server: call.server,
  };
}

/** Where a call is seen, from the client's process to the server's. */
function pointsOf(random: Random, caller: Caller, { service, instance }: CallPlan): readonly SeenFacts[] {
  const points: SeenFacts[] = [];
  const hasPackets = service.number % 5 < 2;
  if (caller.instance !== undefined) {
    const { serverSpanId: spanId } = caller;
    const cause: Cause = { kind: 'request', spanId, rule: 'last_read', confidence: 0.999, learned: true };
    points.push(processFacts(random, 'c-p', caller.instance, caller.service!.processName, [cause]));
    if (hasPackets) points.push(packetFacts(random, 'c-nd', caller.instance.agentId));
  }
  if (instance.agentId === 0) return points;
  if (hasPackets) points.push(packetFacts(random, 's-nd', instance.agentId));
  points.push(processFacts(random, 's-p', instance, service.processName, []));
  return points;
}

function addCall(trace: TraceInProgress, caller: Caller, plan: CallPlan, depth: number): void {
  const { random, spans } = trace;
  const { service, instance, durationNs, offsetNs } = plan;
  const call = callFacts(trace, caller, plan);
  let parent = caller.serverSpanId;
  let reason: Span['reason'] = parent === '' ? 'root' : 'last_read';
  let inwardNs = 0;
  for (const seen of pointsOf(random, caller, plan)) {
    const spanId = random.id();
    const place = {
      spanId,
      parentSpanId: parent,
      reason,
      startTimeNs: trace.startTimeNs + BigInt(offsetNs + inwardNs),
      durationNs: Math.max(1_000, durationNs - 2 * inwardNs),
    };
    spans.push(spanOf(trace, plan, call, seen, place));
    parent = spanId;
    reason = 'tcp_sequence';
    inwardNs += 15_000 + random.below(30_000);
  }
  if (instance.agentId === 0) return;
  const here: Caller = { service, instance, serverSpanId: parent };
  let at = offsetNs + inwardNs + random.below(200_000);
  for (const callee of service.calls) {
    if (spans.length >= trace.wantedSpans || depth >= 8) break;
    const budgetNs = Math.max(20_000, Math.round((durationNs - (at - offsetNs)) * (0.2 + 0.5 * random.unit())));
    addCall(trace, here, planOf(random, services[callee]!, at, budgetNs), depth + 1);
    at += random.below(budgetNs);
  }
}

function planOf(random: Random, service: FleetService, offsetNs: number, durationNs?: number): CallPlan {
  const endpoint = service.endpoints[random.zipf(service.endpoints.length)]!;
  const instance = service.instances[random.below(service.instances.length)]!;
  return { service, instance, endpoint, offsetNs, durationNs: durationNs ?? random.around(8 * endpoint.medianNs, 0.8) };
}

/**
 * Trace number `number`: always the same for the same number and start.
 *
 * @param startTimeNs Unix time
 */
export function fleetTrace(number: number, startTimeNs: bigint): Trace {
  const random = new Random(number);
  const isCarried = random.unit() < 0.3;
  const traceId = random.id() + random.id();
  const trace: TraceInProgress = {
    random,
    spans: [],
    carriedTraceId: isCarried ? random.id() + random.id() : '',
    startTimeNs,
    wantedSpans: Math.min(maxSpans, 1 + Math.floor(-11 * Math.log(1 - random.unit()))),
  };
  const entry = random.unit() < 0.1 ? services[10 + random.zipf(140)]! : services[random.zipf(10)]!;
  addCall(trace, outside, planOf(random, entry, 0), 0);
  trace.spans.length = Math.min(trace.spans.length, maxSpans);
  return aTrace(trace.spans, { traceId, carriedTraceId: trace.carriedTraceId });
}
