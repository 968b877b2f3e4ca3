import { describe, expect, it } from 'vitest';
import type { TailLook } from '../../store/span-tail.ts';
import type { SpanSummaryJson } from '../span-summary-json.ts';
import { tailEvents } from './tail-spans.ts';

const nothing: TailLook = { spans: [], skipped: 0 };
const span = { span_id: 'a' } as SpanSummaryJson;

/** What is sent, with the seconds at which it is, until that many have passed. A look takes so long. */
async function sentWithin(seconds: number, looks: readonly TailLook[] = [], lookMs = 0): Promise<readonly string[]> {
  let timeMs = 5_000;
  const waiting = [...looks];
  const endMs = timeMs + seconds * 1_000;
  const events = tailEvents({
    look() {
      timeMs += lookMs;
      return Promise.resolve(waiting.shift() ?? nothing);
    },
    nowMs: () => timeMs,
    sleep(forMs) {
      timeMs += forMs;
      return timeMs > endMs ? Promise.reject(new Error('the client left')) : Promise.resolve();
    },
  });
  const sent: string[] = [];
  try {
    for await (const text of events) sent.push(`${timeMs / 1_000 - 5} ${text}`);
  } catch {
    // It left.
  }
  return sent;
}

describe('events of a live view', () => {
  it('are a comment at once, and one whenever nothing was sent for fifteen seconds', async () => {
    expect(await sentWithin(50)).toEqual(['0 : spanloom\n\n', '15 :\n\n', '30 :\n\n', '45 :\n\n']);
  });

  it('are spans and what was left out, after which the next comment is fifteen seconds away', async () => {
    const looks = [nothing, nothing, { spans: [span], skipped: 0 }, { spans: [], skipped: 7 }];
    expect(await sentWithin(20, looks)).toEqual([
      '0 : spanloom\n\n',
      '2 event: spans\ndata: [{"span_id":"a"}]\n\n',
      '3 event: skipped\ndata: {"count":7}\n\n',
      '18 :\n\n',
    ]);
  });

  it('come rarer while the database is slow: it rests four fifths of the time', async () => {
    const looks = Array.from({ length: 9 }, () => ({ spans: [span], skipped: 0 }));
    const times = (await sentWithin(39, looks, 2_000)).map((text) => Number(text.split(' ', 1)[0]));
    expect(times).toEqual([0, 2, 12, 22, 32]);
  });
});
