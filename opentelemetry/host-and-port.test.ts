import fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitHostAndPort } from './host-and-port.ts';

it.each([
  ['shop', 'shop', 0],
  ['shop:8080', 'shop', 8080],
  ['10.0.0.7:80', '10.0.0.7', 80],
  ['[2001:db8::1]:443', '2001:db8::1', 443],
  ['[::1]', '::1', 0],
  ['shop:99999', 'shop', 0],
  ['shop:', 'shop', 0],
  ['', '', 0],
])('%s is the host %s and the port %i', (text, host, port) => {
  expect(splitHostAndPort(text)).toEqual({ host, port });
});

it('whatever a client writes there, nothing is thrown', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { host, port } = splitHostAndPort(text);
      expect(text).toContain(host);
      expect(port).toBeLessThan(65_536);
    }),
  );
});
