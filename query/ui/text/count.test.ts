import { describe, expect, it } from 'vitest';
import { bytesText, counted, partText, rateText, shortCount } from './count.ts';

describe('texts of counts', () => {
  it.each([
    [0, '0'],
    [9_876, '9,876'],
    [12_345, '12.3 k'],
    [999_999, '1.00 M'],
    [1_234_567, '1.23 M'],
    [123_456_789_000, '123 G'],
  ])('%d is %s', (count, text) => expect(shortCount(count)).toBe(text));

  it.each([
    [0, '0/s'],
    [0.0166, '1/min'],
    [0.0001, '< 0.01/min'],
    [0.5, '0.5/s'],
    [12.34, '12.3/s'],
    [1_234, '1,234/s'],
    [123_456, '123 k/s'],
  ])('%d a second is %s', (rate, text) => expect(rateText(rate)).toBe(text));

  it.each([
    [812, '812 B'],
    [1_234, '1.2 kB'],
    [345_678, '346 kB'],
    [5e15, '5,000 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0, '0 %'],
    [1, '< 0.1 %'],
    [500, '0.5 %'],
    [34_000, '34 %'],
    [99_700, '99.7 %'],
    [99_999, '> 99.9 %'],
    [100_000, '100 %'],
  ])('%d of 100,000 are %s', (part, text) => expect(partText(part, 100_000)).toBe(text));

  it('knows one from many', () => expect([counted(1, 'pod'), counted(2, 'pod')]).toEqual(['1 pod', '2 pods']));
});
