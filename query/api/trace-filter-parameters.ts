/** Parameters of GET /api/traces, as text, to a filter and back. */
import { choiceSetting, durationMsSetting, integerSetting } from '../../core/config/setting.ts';
import { type Protocol, protocolSymbols, type SpanStatus, spanStatusSymbols } from '../../schemas/generated/span.ts';
import { maxFilterTextLength, maxListedTraces, type StatusFilter, type TraceFilter } from '../store/trace-store.ts';
import type { Where } from '../where/expression.ts';
import { parseWhere } from '../where/parse-where.ts';

/** Every parameter; any other is refused. */
const parameterNames = [
  'service',
  'endpoint',
  'protocol',
  'status',
  'where',
  'min_duration',
  'max_duration',
  'from',
  'to',
  'sort',
  'limit',
] as const;
type ParameterName = (typeof parameterNames)[number];

const defaultLimit = 20;

/** A filter, or everything that is wrong with the parameters. */
export type ParsedFilter =
  | { readonly kind: 'filter'; readonly filter: TraceFilter }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Anything with zod's safeParse. */
interface Reader<Value> {
  safeParse(
    text: string,
  ):
    | { readonly success: true; readonly data: Value }
    | { readonly success: false; readonly error: { readonly issues: readonly { readonly message: string }[] } };
}

const protocolReader = choiceSetting<Protocol>(protocolSymbols, { description: 'Protocol.' });
const statusReader = choiceSetting<StatusFilter>(['error', ...spanStatusSymbols], { description: 'Status.' });
const sortReader = choiceSetting(['newest', 'slowest'], { description: 'Order.' });
const durationReader = durationMsSetting({ description: 'Duration.' });
const limitReader = integerSetting({ description: 'Length of the list.', minimum: 1, maximum: maxListedTraces });

/** Unix time by its number of digits: seconds, milliseconds, microseconds, nanoseconds. */
const nanosecondsByDigits: ReadonlyMap<number, bigint> = new Map([
  [10, 1_000_000_000n],
  [13, 1_000_000n],
  [16, 1_000n],
  [19, 1n],
]);

/** Date.parse alone also reads much that is no ISO 8601, each engine in its own way. */
const isoPattern = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;

/** A moment: ISO 8601, or Unix time in seconds, milliseconds, microseconds or nanoseconds. */
function parseTimeNs(text: string): bigint | undefined {
  const factor = /^\d+$/.test(text) ? nanosecondsByDigits.get(text.length) : undefined;
  if (factor !== undefined) return BigInt(text) * factor;
  const milliseconds = isoPattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : BigInt(milliseconds) * 1_000_000n;
}

/** The parameters that were given, and everything that is wrong with them. */
class GivenParameters {
  readonly problems: string[] = [];
  readonly #given = new Map<ParameterName, string>();

  constructor(parameters: URLSearchParams) {
    for (const name of new Set(parameters.keys())) {
      const known = parameterNames.find((candidate) => candidate === name);
      const values = parameters.getAll(name);
      if (known === undefined) this.problems.push(`${name}: unknown parameter; there are ${parameterNames.join(', ')}`);
      else if (values.length > 1) this.problems.push(`${name}: given ${values.length} times`);
      else if (values[0] !== '') this.#given.set(known, values[0]!);
    }
  }

  read<Value>(name: ParameterName, reader: Reader<Value>): Value | undefined {
    const text = this.#given.get(name);
    if (text === undefined) return undefined;
    const result = reader.safeParse(text);
    if (result.success) return result.data;
    for (const issue of result.error.issues) this.problems.push(`${name}: ${issue.message}`);
    return undefined;
  }

  readText(name: ParameterName): string | undefined {
    const text = this.#given.get(name);
    if (text === undefined || text.length <= maxFilterTextLength) return text;
    this.problems.push(`${name}: must have at most ${maxFilterTextLength} characters`);
    return undefined;
  }

  readWhere(): Where | undefined {
    const text = this.#given.get('where');
    if (text === undefined) return undefined;
    const parsed = parseWhere(text);
    if (parsed.kind === 'where') return parsed.where;
    this.problems.push(`where: ${parsed.problem}`);
    return undefined;
  }

  readTime(name: ParameterName): bigint | undefined {
    const text = this.#given.get(name);
    if (text === undefined) return undefined;
    const timeNs = parseTimeNs(text);
    if (timeNs === undefined || timeNs < 0n || timeNs > 9_223_372_036_000_000_000n) {
      this.problems.push(
        `${name}: must be a time such as 2026-01-31T12:00:00Z or Unix time, not "${text.slice(0, 100)}"`,
      );
      return undefined;
    }
    return timeNs;
  }
}

const toNs = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : Math.round(milliseconds * 1e6);

/** Reads the parameters of a request for a list of traces. */
export function parseTraceFilter(search: URLSearchParams): ParsedFilter {
  const parameters = new GivenParameters(search);
  const { problems } = parameters;
  const found = {
    service: parameters.readText('service'),
    endpoint: parameters.readText('endpoint'),
    protocol: parameters.read('protocol', protocolReader),
    status: parameters.read('status', statusReader),
    where: parameters.readWhere(),
    minDurationNs: toNs(parameters.read('min_duration', durationReader)),
    maxDurationNs: toNs(parameters.read('max_duration', durationReader)),
    fromNs: parameters.readTime('from'),
    toNs: parameters.readTime('to'),
  };
  const sort = parameters.read('sort', sortReader) ?? 'newest';
  const limit = parameters.read('limit', limitReader) ?? defaultLimit;
  for (const name of ['minDurationNs', 'maxDurationNs'] as const)
    if (!Number.isSafeInteger(found[name] ?? 0)) problems.push(`${name.slice(0, 3)}_duration: is too long`);
  if (problems.length > 0) return { kind: 'problems', problems };
  const set = Object.entries(found).filter(([, value]) => value !== undefined);
  return { kind: 'filter', filter: { ...(Object.fromEntries(set) as Partial<TraceFilter>), sort, limit } };
}

/** The parameters that {@link parseTraceFilter} reads as this filter. */
export function traceFilterParameters(filter: TraceFilter): URLSearchParams {
  const texts: Readonly<Record<ParameterName, string | undefined>> = {
    service: filter.service,
    endpoint: filter.endpoint,
    protocol: filter.protocol,
    status: filter.status satisfies SpanStatus | 'error' | undefined,
    where: filter.where?.text,
    min_duration: durationText(filter.minDurationNs),
    max_duration: durationText(filter.maxDurationNs),
    from: timeText(filter.fromNs),
    to: timeText(filter.toNs),
    sort: filter.sort,
    limit: String(filter.limit),
  };
  const parameters = new URLSearchParams();
  for (const [name, text] of Object.entries(texts)) if (text !== undefined) parameters.set(name, text);
  return parameters;
}

function durationText(nanoseconds: number | undefined): string | undefined {
  if (nanoseconds === undefined) return undefined;
  const whole = Math.floor(nanoseconds / 1e6);
  return `${whole}.${String(nanoseconds - whole * 1e6).padStart(6, '0')}ms`;
}

/** Nineteen digits: years 2001 to 2262. Anything earlier is as good as the beginning. */
function timeText(timeNs: bigint | undefined): string | undefined {
  if (timeNs === undefined) return undefined;
  const first = 10n ** 18n;
  return String(timeNs < first ? first : timeNs);
}
