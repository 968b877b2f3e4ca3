/**
 * What of a position Kafka has no field for travels in the metadata that it keeps beside a committed offset:
 *
 *   s1:<emittedBelow>                  always
 *   ;w<deaths>                         a turn is in progress
 *   ;h<offset>.<deaths>                this message alone is being processed
 *   ;a<offset>,<offset>                messages that became dead letters and may be read again
 */
import type { InHand, Position } from '../../bus.ts';

/** The parts of a position that are metadata. */
export type PositionNotes = Pick<Position, 'emittedBelow' | 'inHand' | 'putAside'>;

/** The metadata of a position. */
export function writePositionMetadata({ emittedBelow, inHand, putAside = [] }: PositionNotes): string {
  const parts = [`s1:${emittedBelow}`];
  if (inHand !== undefined) parts.push(`w${inHand.deaths}`);
  if (inHand?.message !== undefined) parts.push(`h${inHand.message.offset}.${inHand.message.deaths}`);
  if (putAside.length > 0) parts.push(`a${putAside.join(',')}`);
  return parts.join(';');
}

const format = /^s1:(\d{1,16})(?:;w(\d{1,6}))?(?:;h(\d{1,16})\.(\d{1,6}))?(?:;a(\d{1,16}(?:,\d{1,16}){0,99}))?$/;

/** The notes of a committed offset; without metadata, or with some that is not ours, all is acknowledged below the offset itself. */
export function readPositionMetadata(metadata: string | null | undefined, offset: number): PositionNotes {
  const match = format.exec(metadata ?? '');
  if (match === null) return { emittedBelow: offset };
  const [, below, deaths, handOffset, handDeaths, aside] = match;
  const emittedBelow = Number(below);
  const message = handOffset === undefined ? undefined : { offset: Number(handOffset), deaths: Number(handDeaths) };
  const inHand: InHand | undefined =
    deaths === undefined ? undefined : { deaths: Number(deaths), ...(message === undefined ? {} : { message }) };
  return {
    emittedBelow: Number.isSafeInteger(emittedBelow) ? Math.max(offset, emittedBelow) : offset,
    ...(inHand === undefined ? {} : { inHand }),
    ...(aside === undefined ? {} : { putAside: aside.split(',').map(Number) }),
  };
}
