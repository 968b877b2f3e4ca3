/** What another dissector says of a capture (a `.result` file beside it), as far as both know it. */
import type { JsonValue } from '../../schemas/trace-json.ts';

/** A message by the fields of `spanloom dissect --json`; a field that is absent is not compared. */
export type ExpectedMessage = Readonly<Record<string, JsonValue>> & { readonly kind: 'request' | 'response' };

/** What a result file says. */
export interface Result {
  /** As the other calls it. */
  readonly protocol: string;
  /** Undefined: spanloom has no dissector for it. */
  readonly messages: readonly ExpectedMessage[] | undefined;
}

type Fields = Readonly<Record<string, string | number>>;

/** Reads one, a line a message. */
export function readResult(text: string): Result {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const [first = ''] = lines;
  if (first.startsWith('{') && first.includes('"opcode"')) return { protocol: 'DNS', messages: lines.flatMap(dns) };
  if (first.startsWith('{') && first.includes('"statement_id"'))
    return { protocol: 'MySQL', messages: lines.flatMap(mysql) };
  if (first.startsWith('RedisInfo')) return { protocol: 'Redis', messages: lines.flatMap(redis) };
  const name = /proto: (\w+)/.exec(first)?.[1] ?? /^(\w+?)Info\b/.exec(first)?.[1] ?? /(?:perf) data/.exec(first)?.[0];
  if (name === 'Http1') return { protocol: 'HTTP/1', messages: lines.flatMap(http) };
  return { protocol: name ?? 'unknown', messages: undefined };
}

const kindOf = (type: unknown): 'request' | 'response' | undefined =>
  type === 'Request' ? 'request' : type === 'Response' ? 'response' : undefined;

/** What is there, under our names. */
function message(
  kind: 'request' | 'response',
  fields: Readonly<Record<string, JsonValue | undefined>>,
): ExpectedMessage {
  const known = Object.entries(fields).filter(
    ([, value]) => value !== undefined && value !== '' && value !== 'unknown',
  );
  return { kind, ...Object.fromEntries(known as [string, JsonValue][]) };
}

const jsonOf = (line: string): Fields => JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)) as Fields;

/** 0 is no code. */
const codeOf = (code: string | number | undefined): JsonValue | undefined => (code === 0 ? undefined : code);

function dns(line: string): readonly ExpectedMessage[] {
  const fields = jsonOf(line);
  const kind = kindOf(fields['msg_type'])!;
  const shared = { request_id: fields['request_id'] };
  if (kind === 'request')
    return [
      message(kind, {
        ...shared,
        request_type: fields['request_type'],
        resource: fields['request_resource'],
        request_bytes: fields['captured_request_byte'],
      }),
    ];
  return [
    message(kind, {
      ...shared,
      status: fields['response_status'],
      response_code: codeOf(fields['response_code']),
      response_bytes: fields['captured_response_byte'],
    }),
  ];
}

/** Types of packets of MySQL, which the other takes for codes. */
const packetTypes: readonly unknown[] = [0, 254, 255];

function mysql(line: string): readonly ExpectedMessage[] {
  const fields = jsonOf(line);
  const { msg_type: type } = fields;
  // Session: a command without an answer. Other: what belongs to no command, such as the greeting.
  if (type === 'Other') return [];
  if (kindOf(type) === 'response')
    return [
      message('response', {
        status: fields['response_status'],
        response_code: packetTypes.includes(fields['response_code']) ? undefined : fields['response_code'],
        exception: fields['response_execption'],
        response_bytes: fields['captured_response_byte'],
      }),
    ];
  const shared = { request_bytes: fields['captured_request_byte'] };
  const login = /^Login username: (\S+)(?: db: (\S+))?$/.exec(String(fields['request_resource']));
  if (login !== null)
    return [message('request', { ...shared, request_type: 'LOGIN', resource: login[1], domain: login[2] })];
  return [message('request', { ...shared, resource: fields['request_resource'] })];
}

const textIn = (line: string, name: string): string =>
  new RegExp(`\\b${name}: "((?:[^"\\\\]|\\\\.)*)"`).exec(line)?.[1] ?? '';

function redis(line: string): readonly ExpectedMessage[] {
  const request = textIn(line, 'request');
  if (request !== '') return [message('request', { resource: request, request_type: textIn(line, 'request_type') })];
  return [message('response', { exception: textIn(line, 'error'), status: textIn(line, 'status') })];
}

const httpStatuses: Readonly<Record<string, string>> = {
  Ok: 'ok',
  ClientError: 'client_error',
  ServerError: 'server_error',
};

function http(line: string): readonly ExpectedMessage[] {
  const kind = kindOf(/msg_type: (\w+)/.exec(line)?.[1])!;
  const numberOf = (name: string): number | undefined => {
    const number = new RegExp(`\\b${name}: (?:Some\\()?(\\d+)`).exec(line)?.[1];
    return number === undefined ? undefined : Number(number);
  };
  const fieldIn = (name: string): string => new RegExp(`${name}: [^}]*?field: "([^"]*)"`).exec(line)?.[1] ?? '';
  const version = /version: V(\d)_(\d)/.exec(line)?.slice(1).join('.');
  if (kind === 'request')
    return [
      message(kind, {
        version,
        request_type: /method: (\w+)/.exec(line)?.[1]?.toUpperCase(),
        resource: textIn(line, 'path'),
        domain: textIn(line, 'host'),
        trace_id: /trace_ids: PrioFields\(\[PrioField \{ prio: \d+, field: "([^"]*)"/.exec(line)?.[1],
        span_id: fieldIn('span_id'),
        x_request_id: fieldIn('x_request_id_0'),
        endpoint: /endpoint: Some\("([^"]*)"\)/.exec(line)?.[1],
        request_bytes: numberOf('captured_request_byte'),
      }),
    ];
  return [
    // The version is the request's with us.
    message(kind, {
      status: httpStatuses[/\bstatus: (\w+)/.exec(line)?.[1] ?? ''],
      response_code: numberOf('status_code'),
      response_bytes: numberOf('captured_response_byte'),
    }),
  ];
}
