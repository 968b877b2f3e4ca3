/**
 * Span ids: a 64-bit hash of agent, event and the message's place in that event, as 16 hex digits. Two lanes of 32 bits,
 * each absorbing the five input words by multiplication and rotation and finished by the 32-bit mixer of MurmurHash3
 * (public domain), the second lane taking in the first. Number arithmetic only: this runs for every request.
 */

const two32 = 0x1_0000_0000;
const digits = Buffer.from('0123456789abcdef', 'latin1');
const text = Buffer.alloc(16);

function absorb(state: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  const next = state ^ mixed;
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(state: number): number {
  let hash = state ^ (state >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function put(word: number, at: number): void {
  for (let digit = 0; digit < 8; digit++) text[at + digit] = digits[(word >>> (28 - 4 * digit)) & 15]!;
}

/** Makes the span ids of one agent: the same event and index always give the same id. */
export class SpanIds {
  private readonly first: number;
  private readonly second: number;

  constructor(agentId: number) {
    const low = agentId | 0;
    const high = Math.floor(agentId / two32) | 0;
    this.first = absorb(absorb(0x2545f491, low), high);
    this.second = absorb(absorb(0x6c62272e, low), high);
  }

  /**
   * @param eventId id of the event in which the request began
   * @param index 0 for the first request that began in that event, 1 for the next
   * @returns 16 hex digits, never all zero
   */
  of(eventId: number, index: number): string {
    const low = eventId | 0;
    const high = Math.floor(eventId / two32) | 0;
    const left = finish(absorb(absorb(absorb(this.first, low), high), index));
    let right = finish(absorb(absorb(absorb(absorb(this.second, high), low), index), left));
    if (left === 0 && right === 0) right = 1;
    put(left, 0);
    put(right, 8);
    return text.toString('latin1');
  }
}
