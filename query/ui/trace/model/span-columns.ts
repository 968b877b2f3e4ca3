import type { SpanJson } from './span-json.ts';

/** Texts, each once; spans have their numbers. */
class TextList {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

/** What the waterfall needs of all spans, a column each. Texts are numbers of `texts`. */
export interface SpanColumns {
  readonly count: number;
  readonly texts: readonly string[];
  readonly ids: readonly string[];
  readonly parentIds: readonly string[];
  /** Unix nanoseconds. */
  readonly startNs: BigInt64Array;
  readonly durationNs: Float64Array;
  readonly agent: Uint32Array;
  readonly point: Uint32Array;
  readonly service: Uint32Array;
  readonly client: Uint32Array;
  readonly server: Uint32Array;
  readonly operation: Uint32Array;
  readonly protocol: Uint32Array;
  readonly status: Uint32Array;
  readonly process: Uint32Array;
  readonly reason: Uint32Array;
  readonly exception: Uint32Array;
  readonly code: Int32Array;
  readonly confidence: Float64Array;
  readonly likelyParents: Uint8Array;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Collects spans into columns. What a span lacks is empty or 0: one that is wrong spoils no others. */
export class SpanCollector {
  readonly #texts = new TextList();
  readonly #ids: string[] = [];
  readonly #parentIds: string[] = [];
  readonly #startNs: bigint[] = [];
  readonly #numbers: Record<'durationNs' | 'code' | 'confidence' | 'likelyParents', number[]> = {
    durationNs: [],
    code: [],
    confidence: [],
    likelyParents: [],
  };
  readonly #textNumbers: Record<TextColumn, number[]> = {
    agent: [],
    point: [],
    service: [],
    client: [],
    server: [],
    operation: [],
    protocol: [],
    status: [],
    process: [],
    reason: [],
    exception: [],
  };

  add(span: Partial<SpanJson>): void {
    this.#ids.push(text(span.span_id));
    this.#parentIds.push(text(span.parent_span_id));
    this.#startNs.push(timeOf(span.start_time_ns));
    this.#numbers.durationNs.push(Math.max(0, number(span.duration_ns)));
    this.#numbers.code.push(number(span.response_code));
    this.#numbers.confidence.push(number(span.confidence));
    this.#numbers.likelyParents.push(Math.min(255, span.likely_parents?.length ?? 0));
    const texts: Record<TextColumn, string> = {
      agent: String(span.agent_id ?? ''),
      point: text(span.observation_point),
      service: text(span.service_name) || text(span.process_name),
      client: text(span.client_service_name) || endText(span.client, false),
      server: text(span.server_service_name) || endText(span.server, true),
      operation: operationOf(span),
      protocol: text(span.protocol),
      status: text(span.status),
      process: text(span.process_name),
      reason: text(span.reason),
      exception: text(span.response_exception),
    };
    for (const name of textColumns) this.#textNumbers[name].push(this.#texts.numberOf(texts[name]));
  }

  columns(): SpanColumns {
    const texts = (name: TextColumn): Uint32Array => Uint32Array.from(this.#textNumbers[name]);
    return {
      count: this.#ids.length,
      texts: this.#texts.texts,
      ids: this.#ids,
      parentIds: this.#parentIds,
      startNs: BigInt64Array.from(this.#startNs),
      durationNs: Float64Array.from(this.#numbers.durationNs),
      agent: texts('agent'),
      point: texts('point'),
      service: texts('service'),
      client: texts('client'),
      server: texts('server'),
      operation: texts('operation'),
      protocol: texts('protocol'),
      status: texts('status'),
      process: texts('process'),
      reason: texts('reason'),
      exception: texts('exception'),
      code: Int32Array.from(this.#numbers.code),
      confidence: Float64Array.from(this.#numbers.confidence),
      likelyParents: Uint8Array.from(this.#numbers.likelyParents),
    };
  }
}

const textColumns = [
  'agent',
  'point',
  'service',
  'client',
  'server',
  'operation',
  'protocol',
  'status',
  'process',
  'reason',
  'exception',
] as const;
type TextColumn = (typeof textColumns)[number];

function timeOf(value: unknown): bigint {
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? BigInt(value) : 0n;
}

/** An end without a name: its address; a client's port says nothing. */
function endText(end: Partial<SpanJson['client']> | undefined, withPort: boolean): string {
  const address = text(end?.address);
  const port = number(end?.port);
  if (address === '' || !withPort || port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Method and endpoint; without the method where the endpoint begins with it, as SQL statements do. */
function operationOf(span: Partial<SpanJson>): string {
  const type = text(span.request_type);
  const what = text(span.endpoint) || text(span.request_resource);
  return type === '' || what.toUpperCase().startsWith(type.toUpperCase()) ? what : `${type} ${what}`.trimEnd();
}
