import { describe, expect, it } from 'vitest';
import { addressText, jsonText } from './trace-json.ts';

describe('traces as JSON', () => {
  it('keeps every digit of large numbers', () => {
    expect(jsonText({ start_time_ns: 1_700_000_000_000_000_001n, spans: [{ is_tls: false, name: 'a"b' }, []] })).toBe(
      '{"start_time_ns":1700000000000000001,"spans":[{"is_tls":false,"name":"a\\"b"},[]]}',
    );
  });

  it('writes addresses as people do', () => {
    const v6 = (hex: string): Uint8Array => Buffer.from(hex.padStart(32, '0'), 'hex');
    expect(addressText(Uint8Array.of(127, 0, 0, 1))).toBe('127.0.0.1');
    expect(addressText(v6('1'))).toBe('::1');
    expect(addressText(v6('ffff7f000001'))).toBe('127.0.0.1');
    expect(addressText(v6('20010db8000000000001000000000001'))).toBe('2001:db8::1:0:0:1');
    expect(addressText(new Uint8Array())).toBe('');
  });
});
