import { emptyOutlinePage } from '../../../api/empty-outline-page.ts';
import { outlineNumberNames } from '../../../api/trace-outline-columns.ts';
import type { OutlinePageJson } from '../../../api/trace-outline-json.ts';
import { parseSpanIds, type SpanIds } from './span-ids.ts';
import { TextList } from './text-list.ts';

/** What the waterfall needs of all spans, a column each. Texts are numbers of `texts`. */
export interface SpanColumns {
  readonly count: number;
  readonly texts: readonly string[];
  /** Some texts were left out, because all of them take too much memory. */
  readonly isTextCut: boolean;
  readonly ids: SpanIds;
  /** 0 where there is none. */
  readonly parentIds: SpanIds;
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
  /** Tunnels in which its packets were, the innermost first: `vxlan 42`. */
  readonly tunnels: Uint32Array;
  readonly code: Int32Array;
  readonly confidence: Float64Array;
  readonly likelyParents: Uint8Array;
}

type PageColumns = Omit<SpanColumns, 'texts' | 'isTextCut'>;
type TextColumn = OutlinePageJson['endpoint'];

/** Collects pages of an outline into columns. What a span lacks is empty or 0: one that is wrong spoils no others. */
export class SpanCollector {
  readonly #texts = new TextList();
  readonly #pages: PageColumns[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(page: OutlinePageJson): void {
    const columns = this.#columnsOf(page);
    this.#pages.push(columns);
    this.#count += columns.count;
  }

  columns(): SpanColumns {
    if (this.#pages.length === 0) this.add(emptyOutlinePage);
    return { ...joined(this.#pages), texts: this.#texts.texts, isTextCut: this.#texts.isCut };
  }

  #columnsOf(page: OutlinePageJson): PageColumns {
    const ids = parseSpanIds(page.span_ids);
    const count = ids.length / 2;
    const text = (name: TextColumn): Uint32Array => this.#mapped(count, name);
    const [type, what] = [page.request_type, page.endpoint];
    const numbers = Object.fromEntries(
      outlineNumberNames.map((name) => [name, numbersOf(count, page[name])]),
    ) as Record<(typeof outlineNumberNames)[number], Float64Array>;
    const [clientAddress, server] = [text(page.client_address), text(page.server_service_name)];
    const named = text(page.client_service_name);
    const noText = this.#texts.numberOf('');
    const first = /^-?\d{1,19}$/.test(page.first_start_ns) ? BigInt(page.first_start_ns) : 0n;
    return {
      count,
      ids,
      parentIds: parseSpanIds(page.parent_span_ids.slice(0, page.span_ids.length).padEnd(16 * count, '0')),
      startNs: BigInt64Array.from(numbers.start_offset_ns, (offset) => inTime(first + BigInt(Math.round(offset)))),
      durationNs: numbers.duration_ns.map((duration) => Math.max(0, duration)),
      agent: text(page.agent_id),
      point: text(page.observation_point),
      service: text(page.service_name),
      client: named.map((number, at) => (number === noText ? clientAddress[at]! : number)),
      server: this.#combined(
        count,
        server,
        numbersOfTexts(page.server_address, count),
        numbers.server_port,
        (one, port) => endText(page.server_address.texts[one - 1] ?? '', port),
      ),
      operation: this.#combined(
        count,
        undefined,
        numbersOfTexts(type, count),
        numbersOfTexts(what, count),
        (one, other) => operationOf(type.texts[one - 1] ?? '', what.texts[other - 1] ?? ''),
      ),
      protocol: text(page.protocol),
      status: text(page.status),
      process: text(page.process_name),
      reason: text(page.reason),
      exception: text(page.response_exception),
      tunnels: text(page.tunnels),
      code: Int32Array.from(numbers.response_code),
      confidence: numbers.confidence,
      likelyParents: Uint8Array.from(numbers.likely_parents),
    };
  }

  /** Numbers among all texts instead of among those of the page. */
  #mapped(count: number, { texts, numbers }: TextColumn): Uint32Array {
    const all = Uint32Array.from(texts, (text) => this.#texts.numberOf(text));
    const none = this.#texts.numberOf('');
    const mapped = new Uint32Array(count);
    for (let at = 0; at < count; at++) mapped[at] = all[numbers[at]! - 1] ?? none;
    return mapped;
  }

  /** Texts that are made of two values of each span; each pair is looked at once. @param instead taken where it is no empty text */
  #combined(
    count: number,
    instead: Uint32Array | undefined,
    one: ArrayLike<number>,
    other: ArrayLike<number>,
    make: (one: number, other: number) => string,
  ): Uint32Array {
    const none = this.#texts.numberOf('');
    const known = new Map<number, number>();
    const combined = new Uint32Array(count);
    for (let at = 0; at < count; at++) {
      if (instead !== undefined && instead[at] !== none) {
        combined[at] = instead[at]!;
        continue;
      }
      const pair = one[at]! * 2 ** 24 + other[at]!;
      let number = known.get(pair);
      if (number === undefined) known.set(pair, (number = this.#texts.numberOf(make(one[at]!, other[at]!))));
      combined[at] = number;
    }
    return combined;
  }
}

function numbersOf(count: number, values: readonly unknown[]): Float64Array {
  const numbers = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const value = values[at];
    if (typeof value === 'number' && Number.isFinite(value)) numbers[at] = value;
  }
  return numbers;
}

const numbersOfTexts = ({ numbers }: TextColumn, count: number): Uint32Array => {
  const all = new Uint32Array(count);
  all.set(numbers.slice(0, count));
  return all;
};

const lastNs = 2n ** 63n - 1n;

/** Offsets of more than 104 days are not exact. */
const inTime = (ns: bigint): bigint => (ns > lastNs ? lastNs : ns);

/** A server without a name: its address and port. */
function endText(address: string, port: number): string {
  if (address === '' || port === 0) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Method and endpoint; without the method where the endpoint begins with it, as SQL statements do. */
function operationOf(type: string, what: string): string {
  return type === '' || what.toUpperCase().startsWith(type.toUpperCase()) ? what : `${type} ${what}`.trimEnd();
}

type Column = Exclude<PageColumns[keyof PageColumns], number>;

/** Columns of all pages, one after the other. */
function joined(pages: readonly PageColumns[]): PageColumns {
  const names = Object.keys(pages[0]!).filter((name): name is Exclude<keyof PageColumns, 'count'> => name !== 'count');
  const columns = names.map((name) => [name, joinedColumn(pages.map((page) => page[name]))]);
  return {
    ...(Object.fromEntries(columns) as Omit<PageColumns, 'count'>),
    count: pages.reduce((sum, { count }) => sum + count, 0),
  };
}

function joinedColumn(parts: readonly Column[]): Column {
  const whole = new (parts[0]!.constructor as new (length: number) => Column)(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}
