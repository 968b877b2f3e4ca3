/**
 * A stored trace as readers of OpenTelemetry know traces (opentelemetry), page by page: a call is its client's
 * span and under it its server's, without the views from the network between them. Which those are depends on later spans
 * too, so of a trace of several pages all spans are looked at first, in a few bytes each.
 */
import { type OtelTrace, otelTraceId } from '../../opentelemetry/otel-span.ts';
import { leftOutSpans, type VisibleSpan, visibleSpans } from '../../opentelemetry/visible-spans.ts';
import type { Reason } from '../../schemas/generated/span.ts';
import { type CallViewRow, callViewsSql } from '../store/call-views-sql.ts';
import type { RouteContext } from '../http/define-route.ts';
import { type ResourceFactsRow, resourceFactsSql } from '../store/resource-facts-sql.ts';
import { inTreeOrder } from '../store/span-order.ts';
import type { NamedSpan, OpenedTrace } from '../store/trace-store.ts';
import { untilUnchanged } from '../store/until-unchanged.ts';
import { ownIds, StoredNames } from './stored-names.ts';

/** What reads a trace. */
export type OtelReading = Pick<RouteContext, 'store' | 'reader' | 'signal' | 'inTurn'>;

/** Some spans of a trace. */
export interface OtelPage {
  readonly spans: readonly VisibleSpan[];
  readonly names: StoredNames;
}

/** A trace that was found, or why none was. */
export type OpenedOtelTrace =
  | {
      readonly kind: 'found';
      readonly publicId: string;
      readonly trace: OtelTrace;
      /** At least one, which is read already. @throws TraceChangedError when what was to be read is replaced */
      readonly pages: AsyncIterable<OtelPage>;
    }
  | Exclude<OpenedTrace, { readonly kind: 'found' }>;

/** @param id 32 hex digits in lower case, or the first of them: as of TraceStore.findTrace */
export async function openOtelTrace(id: string, reading: OtelReading): Promise<OpenedOtelTrace> {
  const { store, signal, inTurn } = reading;
  return untilUnchanged(async () => {
    const opened = await inTurn(() => store.openTrace(id, signal));
    if (opened.kind !== 'found') return opened;
    const { head, storedTraceId } = opened;
    const trace = { otelTraceId: otelTraceId(head), storedTraceId, revision: head.revision };
    const pages = opened.pages[Symbol.asyncIterator]();
    const next = (): Promise<IteratorResult<readonly NamedSpan[]>> => inTurn(() => pages.next());
    const [first, second] = [await next(), await next()];
    const leftOut = second.done === true ? undefined : await leftOutOf(opened, reading);
    const toPage = (page: readonly NamedSpan[]): Promise<OtelPage> => otelPage(page, leftOut, reading);
    const read = await toPage(first.done === true ? [] : first.value);
    return { kind: 'found', publicId: head.traceId, trace, pages: otelPages(read, second, next, toPage) };
  });
}

/** Which spans of a whole trace are left out. */
async function leftOutOf(
  { head, storedTraceId }: Extract<OpenedTrace, { kind: 'found' }>,
  { reader, inTurn }: OtelReading,
): Promise<ReadonlyMap<string, string>> {
  const rows = await inTurn(() => reader.select<CallViewRow>(callViewsSql(storedTraceId, head)));
  const views = rows.map((row) => ({
    spanId: row.span_id,
    parentSpanId: row.parent_span_id,
    reason: row.reason as Reason,
    observationPoint: row.observation_point,
  }));
  return leftOutSpans(inTreeOrder(views));
}

async function* otelPages(
  first: OtelPage,
  second: IteratorResult<readonly NamedSpan[]>,
  next: () => Promise<IteratorResult<readonly NamedSpan[]>>,
  toPage: (page: readonly NamedSpan[]) => Promise<OtelPage>,
): AsyncGenerator<OtelPage> {
  yield first;
  for (let page = second; page.done !== true; page = await next()) yield await toPage(page.value);
}

async function otelPage(
  page: readonly NamedSpan[],
  leftOut: ReadonlyMap<string, string> | undefined,
  { reader, inTurn }: OtelReading,
): Promise<OtelPage> {
  const spans = visibleSpans(
    page.map(({ span }) => span),
    leftOut,
  );
  const ids = ownIds(page);
  const facts =
    ids.workload.length + ids.pod.length === 0
      ? []
      : await inTurn(() => reader.select<ResourceFactsRow>(resourceFactsSql(ids)));
  return { spans, names: new StoredNames(page, facts) };
}
