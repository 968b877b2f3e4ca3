import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type AccessRules, clientOf } from './access.ts';

const token = 'correct-horse-battery';
const asked = (rules: AccessRules, rawHeaders: readonly string[], remoteAddress = '10.1.2.3'): string | undefined =>
  clientOf({ rawHeaders: [...rawHeaders], socket: { remoteAddress } as Socket }, rules);
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('who may ask', () => {
  it('is everybody without a rule', () => {
    expect(asked({}, [])).toBe('10.1.2.3');
    expect(asked({}, [], '::ffff:10.1.2.3')).toBe('10.1.2.3');
  });

  it('is who knows the token', () => {
    for (const credentials of [`Bearer ${token}`, `bearer  ${token}`, basic(`anybody:${token}`), basic(`:${token}`)])
      expect(asked({ token }, ['Authorization', credentials]), credentials).toBe('10.1.2.3');
    for (const credentials of [
      ...['', token, 'Bearer', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Digest ${token}`],
      ...[basic(token.slice(0, 5)), basic(`${token}:`), basic(`a:${token}:b`), `Basic ${token}`, `Bearer ${token} x`],
    ])
      expect(asked({ token }, ['Authorization', credentials]), credentials).toBeUndefined();
    expect(asked({ token }, [])).toBeUndefined();
    expect(asked({ token }, ['Authorization', 'Bearer x', 'authorization', `Bearer ${token}`])).toBeUndefined();
    expect(asked({ token }, ['X', 'authorization', 'Y', `Bearer ${token}`])).toBeUndefined();
  });

  it('is whom a trusted proxy names, and nobody else who names himself', () => {
    const proxy = { header: 'x-forwarded-user', addresses: new Set(['10.0.0.1', '::1']) };
    expect(asked({ proxy }, ['X-Forwarded-User', 'ann'], '10.0.0.1')).toBe('user ann');
    expect(asked({ proxy }, ['x-forwarded-user', 'ann'], '::ffff:10.0.0.1')).toBe('user ann');
    expect(asked({ proxy }, ['X-Forwarded-User', 'ann'], '10.0.0.2')).toBeUndefined();
    expect(asked({ proxy }, [], '10.0.0.1')).toBeUndefined();
    expect(asked({ proxy }, ['X-Forwarded-User', ''], '::1')).toBeUndefined();
    expect(asked({ proxy }, ['X-Forwarded-User', 'ann', 'x-forwarded-user', 'bob'], '::1')).toBeUndefined();
    expect(asked({ proxy, token }, ['X-Forwarded-User', 'ann'], '10.0.0.2')).toBeUndefined();
    expect(asked({ proxy, token }, ['Authorization', `Bearer ${token}`], '10.0.0.2')).toBe('10.0.0.2');
  });
});
