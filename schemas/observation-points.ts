/**
 * Where a span can be observed on the way of a request, and what follows from that. The first letter says the side of the
 * call: `c` the client's, `s` the server's, others neither.
 *
 * - `c-p`, `s-p`: in the process of the client or server, by its calls on the socket
 * - `c`, `s`: at the network interface of the client or server, such as that of a pod
 * - `c-nd`, `s-nd`: at the network interface of the node (the Kubernetes node) that the client or server runs on
 * - `c-gw`, `s-gw`: at a gateway on the way, on the client's or the server's side of it
 * - `local`: at an interface where client and server are the same machine, such as loopback
 * - `rest`: on the network, at a place that is none of these
 * - `c-app`, `s-app`, `app`: in an application that reports its own spans, as client, as server, or of internal work
 *
 * The enricher writes `c-p` and `s-p` of sockets (enricher/pair/observer.ts), those on the network of packets
 * (enricher/packets/observation-point.ts), and those in an application of spans that it reported (enricher/reported).
 */

/** What observed a span: a process that sent or received the request, the network between them, or the application itself. */
export type SpanRole = 'client' | 'server' | 'network' | 'application';
/** Side of a call, as OpenTelemetry's SpanKind names it; `internal` is on neither side. */
export type PointKind = 'client' | 'server' | 'internal';

/** One observation point. */
export interface ObservationPoint {
  readonly name: string;
  readonly role: SpanRole;
  /** Position among the observations of one call, in the order in which the request passes them. */
  readonly position: number;
}

const middle = 4;

/** All of them. An unknown name counts as on the network, in the middle. */
export const observationPoints: readonly ObservationPoint[] = [
  { name: 'c-p', role: 'client', position: 0 },
  { name: 'c', role: 'network', position: 1 },
  { name: 'c-nd', role: 'network', position: 2 },
  { name: 'c-gw', role: 'network', position: 3 },
  { name: 'local', role: 'network', position: middle },
  { name: 'rest', role: 'network', position: middle },
  { name: 's-gw', role: 'network', position: 5 },
  { name: 's-nd', role: 'network', position: 6 },
  { name: 's', role: 'network', position: 7 },
  { name: 's-p', role: 'server', position: 8 },
  { name: 'c-app', role: 'application', position: middle },
  { name: 'app', role: 'application', position: middle },
  { name: 's-app', role: 'application', position: middle },
];

/** Points in a process, by its calls on the socket or by what the application says; all others are on the network. */
export const pointsInProcesses: readonly string[] = observationPoints
  .filter(({ role }) => role !== 'network')
  .map(({ name }) => name);

const byName: ReadonlyMap<string, ObservationPoint> = new Map(observationPoints.map((point) => [point.name, point]));

/** The role of a span that was observed there. */
export const roleAt = (name: string): SpanRole => byName.get(name)?.role ?? 'network';

/** The position of the point on the way of a request. */
export const positionOf = (name: string): number => byName.get(name)?.position ?? middle;

/** First letter of the points on the client's side, as a byte. */
export const clientLetter = 0x63;
const serverLetter = 0x73;

/** The side of the call that the point is on. */
export function pointKind(name: string): PointKind {
  const letter = name.charCodeAt(0);
  if (letter === clientLetter) return 'client';
  return letter === serverLetter ? 'server' : 'internal';
}

/** Of both sides of a span, the one that it was observed on. A point on neither side counts as the server's. */
export function ownSide<Side>(span: {
  readonly observationPoint: string;
  readonly client: Side;
  readonly server: Side;
}): Side {
  return pointKind(span.observationPoint) === 'client' ? span.client : span.server;
}
