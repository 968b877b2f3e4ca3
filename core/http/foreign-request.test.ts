import { describe, expect, it } from 'vitest';
import { foreignReason } from './foreign-request.ts';

const none: ReadonlySet<string> = new Set();
const reason = (
  rawHeaders: readonly string[],
  localAddress = '127.0.0.1',
  allowedHosts: ReadonlySet<string> = none,
): string | undefined => foreignReason({ rawHeaders, localAddress }, { allowedHosts });

describe('the name by which a server is addressed', () => {
  it.each([
    'localhost',
    'LOCALHOST:6480',
    'localhost.',
    '127.0.0.1',
    '127.0.0.1:1',
    '127.9.8.7',
    '[::1]:6480',
    '[::ffff:127.0.0.1]',
  ])('may be that of this machine: %s', (host) => {
    expect(reason(['Host', host])).toBeUndefined();
  });

  it.each([
    'evil.example',
    'evil.example:6480',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'evil.example@127.0.0.1',
    '127.0.0.1:80:80',
    '127.0.0.1:x',
    '127.0.0.1 evil.example',
    '127.1',
    '2130706433',
    '0x7f.1',
    '10.0.0.1',
    '0.0.0.0',
    '[::1',
    '::1',
    '[::1].evil',
    '',
  ])('is refused when it is another: %j', (host) => {
    expect(reason(['Host', host])).toBeDefined();
  });

  it('must be there, once', () => {
    expect(reason([])).toBeDefined();
    expect(reason(['Host', 'localhost', 'host', 'evil.example'])).toBeDefined();
    expect(reason(['Accept', 'host', 'X', 'localhost'])).toBeDefined();
  });

  it('may be any address over the network, as of a probe, but no name that nobody has allowed', () => {
    expect(reason(['Host', '10.1.2.3:6480'], '10.1.2.3')).toBeUndefined();
    expect(reason(['Host', '192.0.2.7'], '::ffff:172.17.0.2')).toBeUndefined();
    expect(reason(['Host', 'traces.example'], '10.1.2.3')).toBeDefined();
    expect(reason(['Host', 'Traces.example'], '10.1.2.3', new Set(['traces.example']))).toBeUndefined();
    expect(reason(['Host', 'any.example'], '127.0.0.1')).toBeDefined();
    const metrics = { allowedHosts: none, anyOverNetwork: true } as const;
    expect(foreignReason({ rawHeaders: ['Host', 'node-1'], localAddress: '10.1.2.3' }, metrics)).toBeUndefined();
    expect(foreignReason({ rawHeaders: ['Host', 'node-1'], localAddress: '127.0.0.1' }, metrics)).toBeDefined();
  });
});

describe('a page', () => {
  const host = ['Host', 'localhost:6480'];

  it('of the server itself is answered', () => {
    expect(reason([...host, 'Origin', 'http://localhost:6480'])).toBeUndefined();
    expect(reason([...host, 'Sec-Fetch-Site', 'same-origin'])).toBeUndefined();
    expect(reason([...host, 'Sec-Fetch-Site', 'none'])).toBeUndefined();
  });

  it.each([
    'http://evil.example',
    'http://localhost:3000',
    'http://localhost',
    'http://127.0.0.1:6480',
    'null',
    '',
    'file://',
    'http://localhost:6480.evil.example',
    'http://localhost:6480/',
    'chrome-extension://abc',
  ])('of another origin is not: %j', (origin) => {
    expect(reason([...host, 'Origin', origin])).toBeDefined();
  });

  it('of another site may link to a page, and to nothing else', () => {
    const own = { allowedHosts: none, mayBeLinked: true } as const;
    const link = ['Sec-Fetch-Site', 'cross-site', 'Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'];
    const asked = (rawHeaders: readonly string[]): string | undefined =>
      foreignReason({ rawHeaders: [...host, ...rawHeaders], localAddress: '127.0.0.1' }, own);
    expect(asked(link)).toBeUndefined();
    expect(reason([...host, ...link])).toBeDefined();
    expect(asked([...link, 'Sec-Fetch-Dest', 'iframe'])).toBeDefined();
    expect(asked([...link.slice(0, 4), 'Sec-Fetch-Dest', 'iframe'])).toBeDefined();
    expect(asked(['Sec-Fetch-Site', 'cross-site', 'Sec-Fetch-Mode', 'no-cors'])).toBeDefined();
    expect(asked([...link, 'Origin', 'http://evil.example'])).toBeDefined();
  });

  it('that sends several origins, or comes from another site without one, is not', () => {
    expect(reason([...host, 'Origin', 'http://localhost:6480', 'origin', 'http://evil.example'])).toBeDefined();
    for (const site of ['cross-site', 'same-site', '', 'none, cross-site'])
      expect(reason([...host, 'Sec-Fetch-Site', site]), site).toBeDefined();
  });
});
