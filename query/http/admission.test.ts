import { describe, expect, it } from 'vitest';
import { type Admitted, Admission, type Slot } from './admission.ts';

const limits = { maxRequests: 3, maxRequestsPerClient: 2, yieldAfterMs: 1_000 };

function slotOf(admitted: Admitted): Slot {
  if (admitted.kind !== 'admitted') throw new Error(admitted.kind);
  return admitted.slot;
}

describe('a slot', () => {
  it('is had by so many requests of one client, and so many in all', () => {
    const admission = new Admission(limits, () => 0);
    const enter = (client: string): Admitted => admission.enter(client, () => undefined);
    const first = slotOf(enter('a'));
    expect(enter('a').kind).toBe('admitted');
    expect(enter('a').kind).toBe('client_full');
    expect(enter('b').kind).toBe('admitted');
    expect(enter('c').kind).toBe('full');
    expect(admission.size).toBe(3);
    first.leave();
    first.leave();
    expect(enter('c').kind).toBe('admitted');
    expect(enter('d').kind).toBe('full');
  });

  it('of a client that does not read goes to another request, that of the one that stalls longest first', () => {
    let nowMs = 0;
    const admission = new Admission(limits, () => nowMs);
    const given: string[] = [];
    const enter = (client: string, name: string): Admitted => admission.enter(client, () => void given.push(name));
    slotOf(enter('a', 'a1')).stalls(true);
    nowMs = 500;
    const second = slotOf(enter('a', 'a2'));
    second.stalls(true);
    nowMs = 999;
    expect(enter('a', 'a3').kind).toBe('client_full');
    nowMs = 1_500;
    expect(enter('a', 'a3').kind).toBe('admitted');
    expect(given).toEqual(['a1']);
    // It reads again.
    second.stalls(false);
    nowMs = 9_000;
    expect(enter('a', 'a4').kind).toBe('client_full');
    expect(given).toEqual(['a1']);
  });

  it('that stalls is needed by whoever comes when all are taken', () => {
    let nowMs = 0;
    const admission = new Admission(limits, () => nowMs);
    const given: string[] = [];
    for (const name of ['a1', 'a2', 'b1']) slotOf(admission.enter(name[0]!, () => void given.push(name))).stalls(true);
    nowMs = 2_000;
    expect(admission.enter('c', () => undefined).kind).toBe('admitted');
    expect(given).toEqual(['a1']);
    expect(admission.size).toBe(3);
  });
});
