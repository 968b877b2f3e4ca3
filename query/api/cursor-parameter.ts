import { z } from 'zod';
import { textCodec } from '../http/parameter-types.ts';
import type { ListPosition } from '../store/trace-store.ts';

const pattern = /^(\d{1,19})-((?:[0-9a-f]{2}){1,32})$/;

/** `next_cursor` of a list: the place where it ended. Clients pass it on as it is. */
export const cursorParameter = textCodec<ListPosition>(
  z.string(),
  (text) => {
    const position = positionOf(text);
    return position === undefined ? { problem: 'must be next_cursor of a list' } : { value: position };
  },
  cursorText,
)
  .meta({ description: '`next_cursor` of the list before this one.' })
  .exactOptional();

/** Empty for no place. */
export function cursorText(position: ListPosition | undefined): string {
  return position === undefined ? '' : `${position.key}-${position.id}`;
}

/** What {@link cursorText} wrote; undefined for anything else. */
export function positionOf(text: string): ListPosition | undefined {
  const [, key, id] = pattern.exec(text) ?? [];
  if (key === undefined || id === undefined || BigInt(key) >= 2n ** 63n) return undefined;
  return { key: BigInt(key), id };
}
