/** Joins pieces that lie side by side in memory, so that few large ones are written instead of many small ones. */
export function joinAdjacent(pieces: readonly Buffer[]): readonly Buffer[] {
  const joined: Buffer[] = [];
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const last = joined.at(-1);
    if (last?.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset)
      joined[joined.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + piece.length);
    else joined.push(piece);
  }
  return joined;
}
