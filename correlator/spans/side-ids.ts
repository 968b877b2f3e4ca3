/** Ids of a side of a span, read from its end: a side ends with its ids, so that nothing before them is read. */
import { AvroReader } from '../../schemas/avro-reader.ts';
import { type SideId, sideIdPlaces, sideIds } from '../../schemas/generated/side-ids.ts';
import { pointKind } from '../../schemas/observation-points.ts';
import type { SpanRecord } from './span-record.ts';

/** The ends of a call. */
export type CallSide = 'client' | 'server';

/** Where in the bytes of a span one of its sides ends. */
export const sideEnd = ({ serverStart, bodyEnd }: SpanRecord, side: CallSide): number =>
  side === 'client' ? serverStart : bodyEnd;

/** Where the ids of a side begin that ends at `end`: only the last byte of an integer is below 128, also of the port. */
export function idsStart(bytes: Uint8Array, end: number): number {
  let position = end;
  for (let left = sideIds.length + 1; left > 0;) if (bytes[--position]! < 0x80) left--;
  return position + 1;
}

/** One id of a side, decoded at each call. */
export function sideId(span: SpanRecord, side: CallSide, id: SideId): number {
  const reader = new AvroReader(span.bytes, idsStart(span.bytes, sideEnd(span, side)));
  for (let before = sideIdPlaces[id]; before > 0; before--) reader.skipLong();
  return reader.readLong();
}

/** The side that a span was observed on. */
export const ownSideOf = ({ seenPoint }: SpanRecord): CallSide =>
  pointKind(seenPoint) === 'client' ? 'client' : 'server';
