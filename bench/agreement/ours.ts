import { groupBy } from './group-by.ts';
import type { Message, RequestMessage, ResponseMessage } from '../../protocols/dissection/dissector.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { type CapturedPayload, readPcapPayloads } from '../../protocols/testing/pcap-file.ts';
import { SocketDissection } from '../../protocols/dissection/socket-dissection.ts';
import type { Exchange, Facts } from './exchange.ts';
import type { ServerKind } from './servers.ts';

/** What the enricher reads in a capture, as on a host: a socket for each connection, calls in their order. */

/** How much of the traffic the enricher gets to see. */
export interface Mode {
  readonly name: string;
  /** Bytes of each run of one direction, and then of each call: what an agent captures by default. */
  readonly budgetBytes: number;
  readonly continuationBytes: number;
  /** The shares of each connection's packets that came before capture began, each tried; then nobody knows who connected. */
  readonly missedShares: readonly number[];
}

const joinPoints = Array.from({ length: 12 }, (_, index) => (index + 1) / 13);

/** All modes of the comparison. */
export const modes: readonly Mode[] = [
  { name: 'whole', budgetBytes: Infinity, continuationBytes: Infinity, missedShares: [0] },
  { name: '512 bytes', budgetBytes: 512, continuationBytes: 32, missedShares: [0] },
  { name: 'joined later', budgetBytes: Infinity, continuationBytes: Infinity, missedShares: joinPoints },
  { name: 'joined, 512', budgetBytes: 512, continuationBytes: 32, missedShares: joinPoints },
];

/** What was read, and from which packet on each connection was seen. */
export interface OurReading {
  readonly exchanges: readonly Exchange[];
  readonly seenFrom: ReadonlyMap<string, number>;
  /** Connections that were taken for another protocol than the server's, or for none, or whose ends were mixed up. */
  readonly misjudged: ReadonlyMap<string, number>;
}

/** What was captured, by tshark's number of the connection that a packet belongs to. */
export function payloadsByStream(file: string, streamOf: ReadonlyMap<number, string>): Map<string, CapturedPayload[]> {
  return groupBy(readPcapPayloads(file), ({ frame }) => streamOf.get(frame) ?? '');
}

/** Reads what was captured. */
export function readWithEnricher(
  { protocol, port }: { readonly protocol: ServerKind['protocol']; readonly port: number },
  mode: Mode,
  missedShare: number,
  streams: ReadonlyMap<string, readonly CapturedPayload[]>,
): OurReading {
  const exchanges: Exchange[] = [];
  const seenFrom = new Map<string, number>();
  const misjudged = new Map<string, number>();
  for (const [stream, payloads] of streams) {
    const skipped = Math.floor(payloads.length * missedShare);
    const seen = payloads.slice(skipped);
    seenFrom.set(stream, seen[0]?.frame ?? Infinity);
    const { messages, protocols } = dissect(seen, port, mode, missedShare > 0);
    if (protocols.delete('inverted')) misjudged.set('ends mixed up', (misjudged.get('ends mixed up') ?? 0) + 1);
    for (const name of protocols) if (name !== protocol) misjudged.set(name, (misjudged.get(name) ?? 0) + 1);
    exchanges.push(...pair(stream, messages, protocol, seen));
  }
  return { exchanges, seenFrom, misjudged };
}

function dissect(
  payloads: readonly CapturedPayload[],
  port: number,
  mode: Mode,
  isJoined: boolean,
): { readonly messages: readonly Message<number>[]; readonly protocols: Set<string> } {
  const [first] = payloads;
  const messages: Message<number>[] = [];
  const protocols = new Set<string>();
  if (first === undefined) return { messages, protocols };
  const clientPort = first.sourcePort === port ? first.destinationPort : first.sourcePort;
  const dissection = new SocketDissection<number>(dissectors, {
    localRole: isJoined || first.transport === 'udp' ? undefined : 'client',
    localPort: clientPort,
    remotePort: port,
    transport: first.transport,
  });
  let last: boolean | undefined;
  let left = 0;
  payloads.forEach((payload, index) => {
    const fromClient = payload.sourcePort !== port;
    const startsMessage = payload.transport === 'udp' || fromClient !== last;
    last = fromClient;
    if (startsMessage) left = mode.budgetBytes;
    const bytes = payload.bytes.subarray(0, left > 0 ? Math.min(left, payload.length) : mode.continuationBytes);
    left -= bytes.length;
    dissection.read(
      fromClient ? 'local' : 'remote',
      { origin: index, bytes, length: payload.length, startsMessage },
      (message) => messages.push(message),
      payload.sequence,
    );
    if (dissection.protocol === 'unknown') return;
    protocols.add(dissection.protocol);
    // DNS tells by each message who asks.
    if (dissection.localRole === 'server' && dissection.protocol !== 'dns') protocols.add('inverted');
  });
  dissection.end((message) => messages.push(message));
  if (protocols.size === 0) protocols.add('unknown');
  return { messages, protocols };
}

/** As the enricher pairs: by the correlation id, else in order. */
function pair(
  stream: string,
  messages: readonly Message<number>[],
  protocol: ServerKind['protocol'],
  payloads: readonly CapturedPayload[],
): Exchange[] {
  const exchanges: Exchange[] = [];
  const waiting: { readonly index: number; readonly requestId: number }[] = [];
  for (const message of messages) {
    const frame = payloads[message.origin]!.frame;
    if (message.kind === 'request') {
      if (message.expectsResponse) waiting.push({ index: exchanges.length, requestId: message.requestId });
      exchanges.push({ stream, request: { frame, facts: requestFacts(message, protocol) }, response: undefined });
      continue;
    }
    if (message.kind === 'end') continue;
    const at = message.requestId === 0 ? 0 : waiting.findIndex((one) => one.requestId === message.requestId);
    const [open] = at < 0 ? [] : waiting.splice(at, 1);
    if (open === undefined) continue;
    exchanges[open.index] = {
      ...exchanges[open.index]!,
      response: { frame, facts: responseFacts(message, protocol) },
      isUnknown: message.status === 'unknown',
    };
  }
  return exchanges;
}

const mysqlCommandNames: Readonly<Record<string, string>> = {
  Quit: 'QUIT',
  'Use Database': 'INIT_DB',
  'Show Fields': 'FIELD_LIST',
  Statistics: 'STATISTICS',
  'Process List': 'PROCESS_INFO',
  'Kill Server Thread': 'PROCESS_KILL',
  'Dump Debuginfo': 'DEBUG',
  Ping: 'PING',
  'Change User': 'CHANGE_USER',
  'Prepare Statement': 'PREPARE',
  'Send BLOB': 'SEND_LONG_DATA',
  'Close Statement': 'CLOSE_STATEMENT',
  'Reset Statement': 'RESET_STATEMENT',
  'Set Option': 'SET_OPTION',
  'Fetch Data': 'FETCH',
  'Reset Connection': 'RESET_CONNECTION',
  LOGIN: 'LOGIN',
};
const namesOfMysql = new Map(Object.entries(mysqlCommandNames).map(([theirs, ours]) => [ours, theirs]));

function requestFacts(message: RequestMessage<number>, protocol: ServerKind['protocol']): Facts {
  const { requestType, requestResource, requestDomain, requestId } = message;
  switch (protocol) {
    case 'http1':
      return { method: requestType, uri: requestResource, host: requestDomain };
    case 'redis':
      return { command: requestType };
    case 'dns':
      return { id: String(requestId), name: requestDomain, type: requestType };
    case 'mysql': {
      // PREPARE is a verb of SQL as well as a command.
      const isVerb = requestResource.toUpperCase().startsWith(`${requestType} `);
      const command = isVerb ? 'Query' : (namesOfMysql.get(requestType) ?? 'Query');
      return { command, text: requestResource };
    }
    case 'postgresql': {
      // Verbs of SQL and names of protocol messages are not told apart: CLOSE is both.
      if (requestType === 'FUNCTION_CALL') return { kind: 'call', text: '' };
      if (requestType === 'TERMINATE' || requestType === 'CANCEL') return { kind: requestType };
      return { kind: requestType === 'LOGIN' ? 'LOGIN' : 'query', text: requestResource };
    }
  }
}

function responseFacts(message: ResponseMessage<number>, protocol: ServerKind['protocol']): Facts {
  const { responseCode, exception, result, requestId } = message;
  switch (protocol) {
    case 'http1':
      return { code: String(responseCode) };
    case 'redis':
      return { error: exception, result: result === 'ok' ? '' : result };
    case 'dns':
      return { id: String(requestId), rcode: String(responseCode) };
    case 'mysql':
      return { error: String(responseCode) };
    case 'postgresql': {
      const [, code] = /^\w+ (\w{5}): /.exec(exception) ?? /^(not executed): /.exec(exception) ?? [];
      return { ...(code === undefined ? {} : { code }), ...(result === '' ? {} : { tag: result }) };
    }
  }
}
