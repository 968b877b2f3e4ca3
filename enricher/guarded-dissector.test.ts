import { describe, expect, test } from 'vitest';
import { imbalance } from '../core/stage/accounting.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { anEvent } from '../schemas/testing/an-event.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { runAgent } from './testing/run-agent.ts';
import type { Conversation, Dissector } from '../protocols/dissection/dissector.ts';
import { countDissectorFailures } from './dissector-failures.ts';
import { guardDissector } from '../protocols/dissection/guarded-dissector.ts';

/** Its conversations throw at a word, having read what came before it. */
const faulty: Dissector = {
  ...lineDissector,
  recognise: (bytes, hints) => {
    if (bytes.includes('unrecognisable')) throw new Error('a secret');
    return lineDissector.recognise(bytes, hints);
  },
  open: <Origin>(): Conversation<Origin> => {
    const conversation = lineDissector.open<Origin>();
    return {
      desynchronized: false,
      read: (sender, segment, report) => {
        if (segment.bytes.includes('boom')) throw new TypeError('a secret');
        conversation.read(sender, segment, report);
      },
      end: () => {
        throw new TypeError('a secret');
      },
    };
  },
};

const data = (id: number, socketId: number, text: string) =>
  anEvent({ id, socketId, text, direction: id % 2 === 0 ? 'egress' : 'ingress' });

describe('a dissector that throws', () => {
  test('costs the conversation; other connections go on, and the same one once it is recognised again', () => {
    const failures: unknown[] = [];
    const guarded = guardDissector(faulty, (_, error) => failures.push(error));
    const { spans, counters } = runAgent(
      [
        data(2, 1, 'Q a 1\n'),
        data(4, 2, 'Q b 1\n'),
        data(5, 1, 'A boom\n'),
        data(7, 2, 'A 200\n'),
        data(8, 1, 'Q c 1\n'),
        data(9, 1, 'A 200\n'),
        data(10, 3, 'unrecognisable\n'),
        anEvent({ id: 12, socketId: 2, kind: 'close' }),
        data(14, 4, 'Q d 1\n'),
        data(15, 4, 'A 200\n'),
      ],
      { dissectors: [guarded] },
    );
    expect(spans.map(({ endpoint, status }) => [endpoint, status])).toEqual([
      ['b', 'ok'],
      ['c', 'ok'],
      ['d', 'ok'],
    ]);
    expect(failures).toHaveLength(3);
    expect(counters.dropped['misrecognised']).toBe(1);
    expect(imbalance(counters)).toBe(0);
  });

  test('what the caller throws while it takes a message goes on to the caller', () => {
    const failures: unknown[] = [];
    const conversation = guardDissector(lineDissector, (_, error) => failures.push(error)).open<number>();
    const bytes = Buffer.from('Q a 1\n');
    const segment = { origin: 1, bytes, length: bytes.length, startsMessage: true };
    const full = new Error('no room');
    const read = (): void =>
      conversation.read('client', segment, () => {
        throw full;
      });
    expect(read).toThrow(full);
    expect(failures).toEqual([]);
  });

  test('is counted, and logged a few times without what the error says', async () => {
    const lines: string[] = [];
    const logger = createLogger({ name: 'test', destination: { write: (line) => void lines.push(line) } });
    const telemetry = createTelemetry({ logger });
    const failed = countDissectorFailures(telemetry);
    for (let time = 0; time < 30; time++) failed(faulty, new TypeError('a secret'));
    expect(await telemetry.registry.metrics()).toContain(
      'spanloom_enricher_dissector_failures_total{protocol="redis"} 30',
    );
    expect(lines).toHaveLength(10);
    expect(lines.join('')).toContain('guarded-dissector.test.ts');
    expect(lines.join('')).not.toContain('a secret');
  });
});
