/** What is taken of OTLP and what is refused, against protobufjs, on requests that are generated and then mutated. */
import { expect, it } from 'vitest';
import { Random } from '../core/testing/random.ts';
import { type CheckedTraces, TraceCheck } from '../opentelemetry/check-traces.ts';
import { ProtobufError } from '../opentelemetry/protobuf-reader.ts';
import { tracesData } from '../opentelemetry/testing/otlp-messages.ts';
import { randomRequestBytes, resourceSpansOf } from '../opentelemetry/testing/random-traces.ts';
import { propertyRuns } from '../schemas/testing/property-runs.ts';

const nowNs = 1_790_000_000_000_000_000n;
const hourNs = 3_600_000_000_000n;
const bounds = { earliestNs: Number(nowNs - hourNs), latestNs: Number(nowNs + hourNs) };

interface PlainSpan {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly links?: readonly { readonly traceId?: string; readonly spanId?: string }[];
}
interface PlainResourceSpans {
  readonly resource?: unknown;
  readonly schemaUrl?: string;
  readonly scopeSpans?: readonly {
    readonly scope?: { readonly name?: string };
    readonly spans?: readonly PlainSpan[];
  }[];
}

const bytesOf = (text = ''): Buffer => Buffer.from(text, 'base64');
const isId = (text: string | undefined, length: number): boolean =>
  bytesOf(text).length === length && bytesOf(text).some((byte) => byte !== 0);

function isInOrder(span: PlainSpan): boolean {
  const startNs = BigInt(span.startTimeUnixNano ?? 0);
  const endNs = BigInt(span.endTimeUnixNano ?? 0);
  const parent = bytesOf(span.parentSpanId);
  return (
    isId(span.traceId, 16) &&
    isId(span.spanId, 8) &&
    (parent.length === 0 || (parent.length === 8 && !parent.equals(bytesOf(span.spanId)))) &&
    (span.links ?? []).every(({ traceId, spanId }) => bytesOf(traceId).length === 16 && bytesOf(spanId).length === 8) &&
    endNs >= startNs &&
    startNs >= nowNs - hourNs &&
    endNs <= nowNs + hourNs
  );
}

/** What protobufjs and our rules say of a request. */
type Expected =
  | { readonly kind: 'malformed' }
  /** protobufjs refuses a whole request for one text; here only its span is refused. */
  | { readonly kind: 'bad_text' }
  | { readonly kind: 'ok'; readonly taken: readonly unknown[]; readonly own: number };

function expected(bytes: Buffer): Expected {
  let request: { readonly resourceSpans?: readonly PlainResourceSpans[] };
  try {
    request = tracesData.toObject(tracesData.decode(bytes), { longs: String, bytes: String });
  } catch (error) {
    return { kind: (error as Error).message.includes('utf-8') ? 'bad_text' : 'malformed' };
  }
  const all = spansOf(request.resourceSpans ?? []);
  const own = all.filter(({ scope }) => scope?.name === 'spanloom').length;
  const taken = all.filter(({ scope, span }) => scope?.name !== 'spanloom' && isInOrder(span));
  return { kind: 'ok', taken, own };
}

const spansOf = (resourceSpans: readonly PlainResourceSpans[]) =>
  resourceSpans.flatMap(({ resource, schemaUrl, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [], ...rest }) =>
      spans.map((span) => ({ resource, schemaUrl, scope, rest, span })),
    ),
  );

function checkedBy(check: TraceCheck, bytes: Buffer): CheckedTraces | undefined {
  try {
    return check.check(bytes, bounds);
  } catch (error) {
    if (error instanceof ProtobufError) return undefined;
    throw error;
  }
}

it('agrees with protobufjs on what is protobuf, which spans are in order, and what they say', () => {
  const random = new Random(20_261_130);
  const check = new TraceCheck();
  const seen = { malformed: 0, bad_text: 0, taken: 0, refused: 0 };
  const runs = propertyRuns(100_000);
  for (let run = 0; run < runs; run++) {
    const bytes = randomRequestBytes(random);
    const wanted = expected(bytes);
    const checked = checkedBy(check, bytes);
    const about = `run ${run}: ${bytes.toString('hex')}`;
    if (wanted.kind === 'bad_text') seen.bad_text++;
    // Behind the text it may be malformed, too.
    if (wanted.kind === 'bad_text' && checked === undefined) continue;
    if (checked === undefined || wanted.kind === 'malformed') {
      if ((checked === undefined) !== (wanted.kind === 'malformed')) expect.fail(`one refuses it, ${about}`);
      seen.malformed++;
      continue;
    }
    // Also proves that every text of it is UTF-8.
    const found = spansOf(checked.resourceSpans.map((each) => resourceSpansOf(each.bytes)));
    if (wanted.kind === 'bad_text') continue;
    if (JSON.stringify(found) !== JSON.stringify(wanted.taken)) expect(found, about).toEqual(wanted.taken);
    if (checked.own !== wanted.own) expect.fail(`other spans are our own, ${about}`);
    seen.taken += checked.accepted;
    seen.refused += Object.values(checked.refused).reduce((sum, count) => sum + count, 0);
  }
  // A generator that makes only one kind of request would test nothing.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(runs / 100);
});
