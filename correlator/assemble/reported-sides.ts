/**
 * Completes the sides of reported spans, so that service and pod of what a program reports and of what the kernel saw of it are
 * the same. Its side is that of a view of its process, the other side that of the call's other end. What is said of addresses stays.
 */
import { addToList } from '../../core/collections/add-to-list.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { AvroWriter } from '../../schemas/avro-writer.ts';
import { sideIds } from '../../schemas/generated/side-ids.ts';
import { readSide, type Side, writeSide } from '../../schemas/generated/span.ts';
import { clientStart } from '../spans/decoded-span.ts';
import { type CallSide, idsStart, ownSideOf, sideEnd } from '../spans/side-ids.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { endsOf } from '../spans/tuple.ts';
import type { ReportedSpans } from './reported-spans.ts';
import { otherEndBit, processBit, serviceIds, virtualAddressBit } from './side-bits.ts';

/** The views of a call that know its ends. */
interface Ends {
  readonly clientView: SpanRecord | undefined;
  readonly serverView: SpanRecord | undefined;
}

function endsAround(view: SpanRecord): Ends {
  const { role } = view;
  return {
    clientView: view.clientView ?? (role === 'server' ? undefined : view),
    serverView: view.serverView ?? (role === 'client' ? undefined : view),
  };
}

/** Sets for each reported span which views know its sides. `calls` are the first views of calls, in the order of start. */
export function joinSides(reported: ReportedSpans, calls: readonly SpanRecord[]): void {
  const madeBy = new Map<SpanRecord, SpanRecord[]>();
  for (const call of calls) {
    const parent = call.edge?.parent;
    if (parent?.role === 'application') addToList(madeBy, parent, call);
  }
  const processViews = new Map<number, SpanRecord>();
  for (const span of reported.all) {
    const view = span.edge?.parent;
    if (ownSideOf(span) === 'server' && view !== undefined && view.role !== 'application')
      ({ clientView: span.clientView, serverView: span.serverView } = endsAround(view));
    const made = madeBy.get(span);
    if (ownSideOf(span) === 'client' && made !== undefined) {
      const ends = endsAround(made[0]!);
      span.clientView = ends.clientView;
      // Several calls may have gone to several servers.
      span.serverView = made.length === 1 ? ends.serverView : undefined;
    }
    const own = ownSideOf(span) === 'client' ? span.clientView : (span.serverView ?? made?.[0]);
    const process = reported.processOf(span);
    if (own !== undefined && own.role !== 'network' && process !== 0 && !processViews.has(process))
      processViews.set(process, own);
  }
  for (const span of reported.all) {
    const view = processViews.get(reported.processOf(span));
    if (ownSideOf(span) === 'client') span.clientView ??= view;
    else span.serverView ??= view;
  }
}

/** The side of a view that it knows best: its own; on the network, the same side. */
function knownSide(view: SpanRecord, side: CallSide): CallSide {
  if (view.role === 'network') return side;
  return view.role === 'client' ? 'client' : 'server';
}

/** Address and port of a reported side where it has none, of the view of the call. */
function withAddress(side: Side, view: SpanRecord, name: CallSide): Side {
  if (side.address.some((byte) => byte !== 0) || knownSide(view, name) !== name) return side;
  const ends = endsOf(view.tuple);
  const [address, port] =
    name === 'client' ? [ends.clientAddress, ends.clientPort] : [ends.serverAddress, ends.serverPort];
  return { ...side, address, port: side.port === 0 ? port : side.port };
}

/** A side with the ids of a view, if that knows more. */
function completed(side: Side, view: SpanRecord, name: CallSide, isOwn: boolean): Side {
  const reader = new AvroReader(view.bytes, idsStart(view.bytes, sideEnd(view, knownSide(view, name))));
  const ids: Partial<Record<(typeof sideIds)[number], number>> = {};
  for (const id of sideIds) ids[id] = reader.readLong();
  const resolution = ids.resolution ?? 0;
  const isKnown = (resolution & processBit) !== 0 || (side.resolution === 0 && resolution !== 0);
  if ((side.resolution & processBit) !== 0 || !isKnown) return side;
  const isVirtual = (side.resolution & virtualAddressBit) !== 0;
  if (isVirtual) for (const id of serviceIds) if (side[id] !== 0) ids[id] = side[id];
  const bits = (isOwn ? 0 : otherEndBit) | (isVirtual ? virtualAddressBit : 0);
  return { ...side, ...ids, resolution: resolution | bits };
}

/** Writes the body of a reported span with the sides that its trace knows. */
export function writeReportedBody(writer: AvroWriter, span: SpanRecord): void {
  const { bytes, bodyStart, serverStart, clientView, serverView } = span;
  const start = clientStart(span);
  writer.reserve(start - bodyStart);
  writer.position += bytes.copy(writer.buffer, writer.position, bodyStart, start);
  const own = ownSideOf(span);
  for (const [name, at, view] of [
    ['client', start, clientView],
    ['server', serverStart, serverView],
  ] as const) {
    const side = readSide(new AvroReader(bytes, at));
    const isOfCall = view !== undefined && knownSide(view, name) === name && isInCall(span, view);
    const placed = isOfCall ? withAddress(side, view, name) : side;
    writeSide(writer, view === undefined ? placed : completed(placed, view, name, name === own));
  }
}

/** Whether a view is of the call that a span is about, not only of its process. */
function isInCall({ edge, clientView, serverView, seenPoint }: SpanRecord, view: SpanRecord): boolean {
  if (seenPoint === 'app') return false;
  const above = edge?.parent;
  const other = view === clientView ? serverView : clientView;
  return (
    view === above ||
    (above !== undefined && [above.clientView, above.serverView].includes(view)) ||
    other !== undefined
  );
}
