import { expect, test } from 'vitest';
import { StreamReader } from './stream-reader.ts';

/** After which pieces the end of an empty line has come, of bytes that are carried on until then. */
function emptyLineAfter(pieces: readonly string[]): readonly number[] {
  const reader = new StreamReader<number>();
  const found: number[] = [];
  for (const [origin, text] of pieces.entries()) {
    const bytes = Buffer.from(text, 'latin1');
    reader.enter({ origin, bytes, length: bytes.length, startsMessage: origin === 0 });
    if (reader.bringsEmptyLine) found.push(origin);
    reader.leave();
  }
  return found;
}

test('an empty line is noticed with the piece that ends it, wherever it is cut, and not with those before or behind', () => {
  for (const text of ['a\r\nb\r\n\r\n', 'a\nb\n\n', 'a\nb\n\r\n']) {
    expect(emptyLineAfter([text])).toEqual([0]);
    for (let cut = 1; cut < text.length; cut++)
      expect(emptyLineAfter([text.slice(0, cut), text.slice(cut)])).toEqual([1]);
    expect(emptyLineAfter(Array.from(text))).toEqual([text.length - 1]);
    expect(emptyLineAfter([...Array.from(text), 'c', 'd', 'e']).slice(-1)).not.toEqual([text.length + 2]);
  }
  expect(emptyLineAfter(Array.from('a\r\nb\rc\r\n\rd\n e\n'))).toEqual([]);
});
