import { describe, expect, test } from 'vitest';
import { http } from '../../protocols/testing/wire.ts';
import { connectionEvents, type ConnectionView, type Step } from '../testing/connection.ts';
import { runAgent } from '../testing/run-agent.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import type { Span } from '../../schemas/generated/span.ts';

/** When a response is over: its last byte is the end of the span, whatever shows which one that is. */

const get = http(['GET /a HTTP/1.1', 'Host: x']);
const declared = http(['HTTP/1.1 200 OK', 'Content-Length: 3000']);
const chunked = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked']);
const open = http(['HTTP/1.1 200 OK', 'Connection: close']);
const bytes = (count: number): Buffer => Buffer.alloc(count, 0x2e);
const chunk = (count: number): Buffer =>
  Buffer.concat([Buffer.from(`${count.toString(16)}\r\n`), bytes(count), Buffer.from('\r\n')]);
const lastChunk = Buffer.from('0\r\n\r\n');

const view: ConnectionView = { port: 8080, budgetBytes: 512 };

function spansOf(steps: readonly Step[], closes: boolean, idleMs = 0): readonly Span[] {
  const events = connectionEvents(steps, { ...view, closes });
  return runAgent(events, { dissectors, batchEvents: 1, idleNs: idleMs * 1e6 }).spans;
}

/** Status, milliseconds to the first and to the last byte, and bytes. */
function brief({ status, timeToFirstByteNs, durationNs, responseBytes }: Span): unknown[] {
  return [status, timeToFirstByteNs / 1e6, durationNs / 1e6, responseBytes];
}

describe('a response', () => {
  test('of declared length ends with its last byte, not before', () => {
    const whole: Step[] = [
      ['C', get],
      ['S', declared, 5],
      ['S', bytes(1000), 10],
      ['S', bytes(2000), 20],
    ];
    expect(spansOf(whole.slice(0, 3), false)).toEqual([]);
    expect(spansOf(whole, false).map(brief)).toEqual([['ok', 5, 35, declared.length + 3000]]);
  });

  test('in chunks ends with the last one, and has the bytes of all', () => {
    const steps: Step[] = [
      ['C', get],
      ['S', chunked, 5],
      ['S', chunk(700), 10],
      ['S', chunk(5), 10],
      ['S', lastChunk, 20],
    ];
    const all = chunked.length + chunk(700).length + chunk(5).length + lastChunk.length;
    expect(spansOf(steps.slice(0, 4), false)).toEqual([]);
    expect(spansOf(steps, false).map(brief)).toEqual([['ok', 5, 45, all]]);
    const once: Step[] = [
      ['C', get],
      ['S', Buffer.concat([chunked, chunk(5), lastChunk]), 5],
    ];
    expect(spansOf(once, false).map(brief)).toEqual([
      ['ok', 5, 5, chunked.length + chunk(5).length + lastChunk.length],
    ]);
  });

  test('whose end was not captured is over after a calm second, or when the client asks again', () => {
    // The size of the second chunk lies behind the bytes that are captured.
    const hidden = Buffer.concat([chunked, chunk(600), chunk(700)]);
    const steps: Step[] = [
      ['C', get],
      ['S', hidden, 5],
      ['S', bytes(3000), 800],
      ['S', bytes(3000), 800],
    ];
    const ends = ['ok', 5, 1605, hidden.length + 6000];
    expect(spansOf(steps, false, 500)).toEqual([]);
    expect(spansOf(steps, false, 2100).map(brief)).toEqual([ends]);
    expect(spansOf([...steps, ['C', get, 1]], false).map(brief)).toEqual([ends]);
    expect(spansOf(steps, true).map(brief)).toEqual([ends]);
  });

  test('that goes on without an end is over at the time limit', () => {
    const steps: Step[] = [
      ['C', get],
      ['S', Buffer.concat([chunked, chunk(600), chunk(700)])],
    ];
    for (let second = 0; second < 250; second++) steps.push(['S', bytes(100), 500]);
    const [first, ...others] = spansOf(steps, false);
    expect(others).toEqual([]);
    expect(first!.durationNs / 1e9).toBeGreaterThan(119);
    expect(first!.durationNs / 1e9).toBeLessThan(122);
  });

  test('without a length ends with its connection', () => {
    const steps: Step[] = [
      ['C', get],
      ['S', open, 5],
      ['S', bytes(1000), 10],
    ];
    expect(spansOf(steps, false)).toEqual([]);
    expect(spansOf(steps, true).map(brief)).toEqual([['ok', 5, 15, open.length + 1000]]);
  });

  test.each([
    ['of declared length', declared, [bytes(1000)]],
    ['in chunks', chunked, [chunk(40), chunk(50)]],
    ['within a chunk', chunked, [chunk(600).subarray(0, 300)]],
  ])('%s whose connection ends before it is closed, with the bytes that were there', (_name, head, parts) => {
    const steps: Step[] = [['C', get], ['S', head, 5], ...parts.map((part): Step => ['S', part, 10])];
    const moved = parts.reduce((sum, part) => sum + part.length, head.length);
    expect(spansOf(steps, true).map(brief)).toEqual([['closed', 5, 5 + 10 * parts.length, moved]]);
  });

  test('that fails stays a failure when its connection ends within it', () => {
    const failed = http(['HTTP/1.1 503 Unavailable', 'Content-Length: 3000']);
    expect(
      spansOf(
        [
          ['C', get],
          ['S', failed],
        ],
        true,
      ).map((span) => [span.status, span.responseCode]),
    ).toEqual([['server_error', 503]]);
  });

  test('ends where the next one begins, when some of its bytes were not seen', () => {
    const events = connectionEvents(
      [
        ['C', get],
        ['S', declared, 5],
        ['S', bytes(3000), 10],
        ['C', get, 10],
        ['S', declared, 5],
        ['S', bytes(3000), 10],
      ],
      view,
    );
    const unseen = events.filter((event) => event.id !== 3);
    const { spans } = runAgent(unseen, { dissectors });
    expect(spans.map(brief)).toEqual([
      ['ok', 5, 5, declared.length + 3000],
      ['ok', 5, 15, declared.length + 3000],
    ]);
  });

  test('of a pipeline ends within the call that has the next one, too', () => {
    const steps: Step[] = [
      ['C', Buffer.concat([get, get])],
      ['S', declared, 5],
      ['S', Buffer.concat([bytes(3000), declared]), 10],
      ['S', bytes(3000), 10],
    ];
    // Of that call so much is captured that the second head is seen.
    const events = connectionEvents(steps, { port: 8080 });
    expect(runAgent(events, { dissectors }).spans.map(brief)).toEqual([
      ['ok', 5, 15, declared.length + 3000],
      ['ok', 15, 25, declared.length + 3000],
    ]);
  });
});
