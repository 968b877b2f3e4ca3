import { describe, expect, it } from 'vitest';
import { callEvent } from './call-events.ts';
import { noCalls, withCalls } from './call-list.ts';
import { addressText, isFailed, partyText } from './call-texts.ts';
import { readCallsUrl } from './calls-url.ts';
import { changedCalls, noState } from './calls-state.ts';
import { readEvents, type ServerEvent } from './read-events.ts';
import { aCall } from './testing/a-call.ts';

async function eventsOf(...chunks: readonly (string | Uint8Array)[]): Promise<readonly ServerEvent[]> {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks)
      yield await Promise.resolve(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
  }
  const events: ServerEvent[] = [];
  for await (const event of readEvents(bytes())) events.push(event);
  return events;
}

describe('server-sent events', () => {
  const text =
    ': hello\n\nevent: spans\ndata: ["ü"]\n\nevent: skipped\r\ndata: {"count":\r\ndata: 3}\r\n\r\ndata:x\n\nevent: cut\ndata: y';
  const all = [
    { event: 'spans', data: '["ü"]' },
    { event: 'skipped', data: '{"count":\n3}' },
    { event: 'message', data: 'x' },
  ];

  it('are read without comments and without what is not complete', async () => {
    expect(await eventsOf(text)).toEqual(all);
  });

  it('are the same wherever the bytes are cut', async () => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at <= bytes.length; at++)
      expect(await eventsOf(bytes.slice(0, at), bytes.slice(at)), String(at)).toEqual(all);
    expect(await eventsOf(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(all);
  });

  it('have a bound', async () => {
    await expect(eventsOf(...Array.from({ length: 9 }, () => 'x'.repeat(1_000_000)))).rejects.toThrow('too long');
  });

  it('are calls, or a count of what was skipped; others are left out', () => {
    expect(callEvent({ event: 'spans', data: '[]' })).toEqual({ kind: 'calls', calls: [] });
    expect(callEvent({ event: 'skipped', data: '{"count":3}' })).toEqual({ kind: 'skipped', count: 3 });
    expect(callEvent({ event: 'new', data: 'x' })).toBeUndefined();
  });
});

describe('the list of calls', () => {
  it('is newest first, by times of any number of digits, each call once', () => {
    const list = withCalls(noCalls, [aCall(3), aCall(1), aCall(2), { ...aCall(9), start_time_ns: '5' }]);
    const again = withCalls(list, [{ ...aCall(2), trace_id: 'f'.repeat(32) }]);
    expect(again.calls.map(({ span_id }) => Number.parseInt(span_id, 16))).toEqual([3, 2, 1, 9]);
    expect(again.calls[1]?.trace_id).toBe('f'.repeat(32));
  });

  it('keeps a bounded number, and says how many it left out', () => {
    const many = Array.from({ length: 50 }, (_, at) => aCall(at));
    const list = withCalls(withCalls(noCalls, many, 10), [aCall(99)], 10);
    expect(list.calls).toHaveLength(10);
    expect(list.calls[0]?.span_id).toBe(aCall(99).span_id);
    expect(list.dropped).toBe(41);
  });

  it('does not move while it is paused', () => {
    const shown = changedCalls(noState, { kind: 'came', calls: [aCall(1)], isPaused: false });
    const paused = changedCalls(shown, { kind: 'came', calls: [aCall(2)], isPaused: true });
    expect(paused.list).toBe(shown.list);
    expect(changedCalls(paused, { kind: 'resumed' }).list.calls).toHaveLength(2);
    expect(changedCalls(paused, { kind: 'skipped', count: 4 }).skipped).toBe(4);
    expect(changedCalls(paused, { kind: 'reset' })).toBe(noState);
  });
});

describe('texts of a call', () => {
  it('name a side by its service, else by its address', () => {
    const call = aCall(1, { client_service_name: '', client_address: 'fd00::1', client_port: 80 });
    expect([partyText(call, 'client'), partyText(call, 'server')]).toEqual(['[fd00::1]:80', 'shop']);
    expect(addressText(aCall(1, { client_address: '', client_port: 0 }), 'client')).toBe('unknown');
  });

  it('say what failed', () => {
    expect(isFailed(aCall(1))).toBe(false);
    expect(isFailed(aCall(1, { status: 'timeout' }))).toBe(true);
  });
});

it('the address says what is filtered; a range with an end is not live', () => {
  const read = (text: string) => readCallsUrl(new URLSearchParams(text));
  expect(read('where=pod = x&status=error&color=red')).toMatchObject({
    filter: { where: 'pod = x', status: 'error' },
    isLive: true,
  });
  expect(read('from=1769860800000000000&to=1769860900000000000').isLive).toBe(false);
});
