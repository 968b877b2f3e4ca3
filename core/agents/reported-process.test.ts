import { describe, expect, it } from 'vitest';
import { hash31 } from './agent-resources.ts';
import { reportedProcess, reportedProcessKeys } from './reported-process.ts';

const uidOf = (attributes: Readonly<Record<string, string>>, agentId = 7): string =>
  reportedProcess(agentId, new Map(Object.entries(attributes))).uid;

describe('a program that reports spans', () => {
  it('has an id that follows from its uid, and the name of its service', () => {
    const { uid, id, name } = reportedProcess(7, new Map([['service.name', 'cart']]));
    expect(uid).toMatch(/^reported:000000000007:[0-9a-f]{32}$/);
    expect(id).toBe(hash31(uid));
    expect(name).toBe('cart');
  });

  it('is unknown_service without a name, as SDKs call it', () => {
    expect(reportedProcess(7, new Map()).name).toBe('unknown_service');
    expect(reportedProcess(7, new Map([['service.name', '']])).name).toBe('unknown_service');
  });

  it.each(reportedProcessKeys)('is another one with another %s', (key) => {
    const uids = [uidOf({}), uidOf({ [key]: 'a' }), uidOf({ [key]: 'b' }), uidOf({ [key]: 'a' }, 8)];
    expect(new Set(uids).size).toBe(uids.length);
  });

  it('is the same whatever else its resource says, in whatever order', () => {
    const first = { 'service.name': 'a', 'host.name': 'b', 'process.command': 'x' };
    expect(uidOf({ 'host.name': 'b', 'service.name': 'a' })).toBe(uidOf(first));
  });

  it('is not taken for one whose values are split elsewhere', () => {
    expect(uidOf({ 'service.namespace': 'a","b' })).not.toBe(uidOf({ 'service.namespace': 'a', 'service.name': 'b' }));
  });
});
