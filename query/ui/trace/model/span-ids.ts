/** Ids of spans as numbers: 64 bits each, in two words. As texts, those of 250,000 spans would take longer to send to the page than all else. */
export type SpanIds = Uint32Array;

const digits = 16;

/** @param hex 16 digits for each id; what is no digit counts as 0 */
export function parseSpanIds(hex: string): SpanIds {
  const words = new Uint32Array(Math.floor(hex.length / digits) * 2);
  for (let word = 0; word < words.length; word++) {
    let value = 0;
    for (let at = word * 8; at < word * 8 + 8; at++) value = (value << 4) | digitOf(hex.charCodeAt(at));
    words[word] = value;
  }
  return words;
}

function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = (code | 32) - 97;
  return letter >= 0 && letter < 6 ? letter + 10 : 0;
}

/** The id at a position as 16 digits. */
export function spanIdAt(ids: SpanIds, position: number): string {
  const word = (at: number): string => ids[at]!.toString(16).padStart(8, '0');
  return word(2 * position) + word(2 * position + 1);
}

/** Where an id is first; -1 where it is not. */
export function positionOf(ids: SpanIds, id: string): number {
  if (!/^[0-9a-f]{16}$/i.test(id)) return -1;
  const [high, low] = parseSpanIds(id);
  for (let at = 0; at < ids.length; at += 2) if (ids[at] === high && ids[at + 1] === low) return at / 2;
  return -1;
}

/** Where each of the wanted ids is first among others; -1 where it is not. A hash join: open addressing, at most half full. */
export function positionsOf(wanted: SpanIds, ids: SpanIds): Int32Array {
  const count = ids.length / 2;
  let size = 2;
  while (size < 2 * count) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  const slotOf = (high: number, low: number): number => {
    let slot = (Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b) >>> 7) & (size - 1);
    for (let at = slots[slot]!; at !== -1; at = slots[slot]!) {
      if (ids[2 * at] === high && ids[2 * at + 1] === low) break;
      slot = (slot + 1) & (size - 1);
    }
    return slot;
  };
  for (let at = 0; at < count; at++) {
    const slot = slotOf(ids[2 * at]!, ids[2 * at + 1]!);
    if (slots[slot] === -1) slots[slot] = at;
  }
  return Int32Array.from(
    { length: wanted.length / 2 },
    (_, at) => slots[slotOf(wanted[2 * at]!, wanted[2 * at + 1]!)]!,
  );
}
