import { outlineNumberNames, outlineTextNames } from '../../../../api/trace-outline-columns.ts';
import type { OutlinePageJson } from '../../../../api/trace-outline-json.ts';
import type { SpanJson } from '../span-json.ts';

/** The id of a test as one of 16 digits: of a text that is none, the digits of its last eight letters. */
export function testId(id: string): string {
  if (/^[0-9a-f]{16}$/.test(id)) return id;
  const letters = Array.from(id, (letter) => letter.charCodeAt(0).toString(16).padStart(2, '0'));
  return letters.join('').padStart(16, '0').slice(-16);
}

/** What {@link testId} was given. */
export const testName = (id: string): string => Buffer.from(id, 'hex').toString().replaceAll('\0', '');

/** The page of an outline that the API would make of these spans. What a span lacks is empty or 0. */
export function outlineOf(spans: readonly Partial<SpanJson>[]): OutlinePageJson {
  const starts = spans.map(({ start_time_ns: start = '0' }) => (/^-?\d+$/.test(start) ? BigInt(start) : 0n));
  const first = starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? 0n);
  const texts = outlineTextNames.map((name) => [name, textColumn(spans.map((span) => textOf(span, name)))]);
  const numbers = outlineNumberNames.map((name) => [
    name,
    spans.map((span, at) => (name === 'start_offset_ns' ? Number(starts[at]! - first) : numberOf(span, name))),
  ]);
  return {
    first_start_ns: String(first),
    span_ids: spans.map(({ span_id: id = '' }) => testId(id)).join(''),
    parent_span_ids: spans.map(({ parent_span_id: id = '' }) => testId(id)).join(''),
    ...(Object.fromEntries(texts) as Pick<OutlinePageJson, (typeof outlineTextNames)[number]>),
    ...(Object.fromEntries(numbers) as Pick<OutlinePageJson, (typeof outlineNumberNames)[number]>),
  };
}

function textColumn(values: readonly string[]): OutlinePageJson['endpoint'] {
  const texts = [...new Set(values)];
  const numbers = new Map(texts.map((text, at) => [text, at + 1]));
  return { texts, numbers: values.map((value) => numbers.get(value)!) };
}

function textOf(span: Partial<SpanJson>, name: (typeof outlineTextNames)[number]): string {
  switch (name) {
    case 'client_address':
      return span.client?.address ?? '';
    case 'server_address':
      return span.server?.address ?? '';
    case 'tunnels':
      return (span.tunnels ?? []).map(({ type, id }) => `${type} ${id}`).join(' in ');
    case 'service_name':
      return (span.service_name ?? '') || (span.process_name ?? '');
    case 'endpoint':
      return (span.endpoint ?? '') || (span.request_resource ?? '');
    default:
      return String(span[name] ?? '');
  }
}

function numberOf(
  span: Partial<SpanJson>,
  name: Exclude<(typeof outlineNumberNames)[number], 'start_offset_ns'>,
): number {
  if (name === 'server_port') return span.server?.port ?? 0;
  if (name === 'likely_parents') return span.likely_parents?.length ?? 0;
  return span[name] ?? 0;
}
