import type { JsonValue } from '../../../../schemas/trace-json.ts';
import { durationText } from '../../text/duration.ts';
import { exactMoment } from '../../text/moment.ts';
import { reportedFields } from './reported-fields.ts';

/** One line of the pane. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** Fields that other parts of the pane show. */
const shownElsewhere: ReadonlySet<string> = new Set([
  'causes',
  'likely_parents',
  'client_names',
  'server_names',
  'reason',
  'confidence',
  'parent_span_id',
  'client_service_name',
  'server_service_name',
  'otlp',
  ...reportedFields,
]);

/** Every field of a span that is set, nested ones by their path, without what other parts show. */
export function spanFacts(span: Readonly<Record<string, JsonValue>>): readonly Fact[] {
  return Object.entries(span)
    .filter(([name]) => !shownElsewhere.has(name))
    .flatMap(([name, value]) => factsOf(name, value));
}

function factsOf(name: string, value: JsonValue): readonly Fact[] {
  if (value === '' || value === 0 || value === false || value === null) return [];
  if (typeof value !== 'object') return [{ name, value: valueText(name, value) }];
  const entries = Array.isArray(value)
    ? (value as readonly JsonValue[]).map((item, at) => [`${name}[${at}]`, item] as const)
    : Object.entries(value as Readonly<Record<string, JsonValue>>).map(
        ([key, item]) => [`${name}.${key}`, item] as const,
      );
  return entries.flatMap(([path, item]) => factsOf(path, item));
}

function valueText(name: string, value: string | number | boolean): string {
  if (value === true) return 'yes';
  const text = String(value);
  if (name.endsWith('_time_ns') && /^-?\d{1,19}$/.test(text)) return exactMoment(BigInt(text));
  if (name.endsWith('_ns') && typeof value === 'number')
    return `${durationText(value)} (${value.toLocaleString('en')} ns)`;
  return text;
}
