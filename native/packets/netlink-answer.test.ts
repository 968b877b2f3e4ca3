import { describe, expect, it } from 'vitest';
import { loadNative } from '../load.ts';
import { done, failure, interrupted, link } from './testing/netlink-messages.ts';

const whole = [[link(1, 'lo'), link(2, 'eth0')], [done()]].map((messages) => Buffer.concat(messages));
const read = (...readings: (readonly (readonly Buffer[])[])[]) => loadNative().readInterfaceNames(readings);

describe('a list of interfaces', () => {
  it('comes in datagrams up to its end, with what answers other questions left out', () => {
    const stale = Buffer.concat([link(9, 'stale', { sequence: 7 }), failure({ sequence: 7 }), link(3, 'eth1')]);
    expect(read([[stale, ...whole]])).toEqual([{ result: 'whole', questions: 1, names: ['lo', 'eth0', 'eth1'] }]);
  });

  it('that was interrupted is asked for again', () => {
    const first = [link(1, 'lo', { messageFlags: interrupted }), done()];
    const second = [link(1, 'lo', { sequence: 2 }), link(2, 'eth0', { sequence: 2 }), done({ sequence: 2 })];
    expect(read([first, second])).toEqual([{ result: 'whole', questions: 2, names: ['lo', 'eth0'] }]);
  });

  it.each([
    [
      'in its middle',
      (sequence: number) => [link(1, 'lo', { sequence, messageFlags: interrupted }), done({ sequence })],
    ],
    ['at its end', (sequence: number) => [link(1, 'lo', { sequence }), done({ sequence, messageFlags: interrupted })]],
  ])('that is interrupted each time, %s, is asked for three times, and does not replace a whole one', (_, answer) => {
    const always = [1, 2, 3, 4, 5].map(answer);
    expect(read([whole], always)).toEqual([
      { result: 'whole', questions: 1, names: ['lo', 'eth0'] },
      { result: 'interrupted', questions: 3, names: ['lo', 'eth0'] },
    ]);
    // Where nothing is known it is better than nothing, and the next whole one replaces it.
    expect(read(always, [whole])).toEqual([
      { result: 'interrupted', questions: 3, names: ['lo'] },
      { result: 'whole', questions: 1, names: ['lo', 'eth0'] },
    ]);
  });

  const cut = link(1, 'lo').subarray(0, 30);
  const header = Buffer.alloc(16);
  it.each([
    ['ends without its end', [[link(1, 'other')]]],
    ['is refused', [[link(1, 'other'), failure()]]],
    ['ends with an error', [[link(1, 'other'), done({ error: 4 })]]],
    ['is cut', [[cut]]],
    ['has a message without a length', [[header]]],
    ['has less than a header', [[Buffer.concat([link(1, 'other'), Buffer.alloc(8)])]]],
    ['cannot be asked for', []],
  ])('that %s is not taken, and what was known is kept', (_, answers) => {
    const [before, after] = read([whole], answers);
    expect(after).toEqual({ result: 'failed', questions: answers.length, names: before!.names });
  });
});
