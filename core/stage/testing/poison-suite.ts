/** What holds of a message that ends its stage, on every bus. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDeadLetter } from '../../../schemas/generated/dead-letter.ts';
import type { Bus, ReceivedMessage } from '../../bus/bus.ts';
import { decodeValue } from '../../codec.ts';

/** A bus without topics, and how a program of its own opens the same. */
export interface PoisonBench {
  readonly bus: Bus;
  readonly programArguments: readonly string[];
}

const program = fileURLToPath(new URL('mortal-stage.ts', import.meta.url));

/** Runs the stage once; resolves with whether it came to its end. */
function start(programArguments: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...programArguments], { stdio: 'ignore' });
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}

async function readAll(bus: Bus, topic: string, count: number): Promise<readonly ReceivedMessage[]> {
  const consumer = await bus.consumer({ group: `reads-${topic}`, topics: [topic] });
  const messages: ReceivedMessage[] = [];
  for (let empty = 0; messages.length < count || empty < 2;) {
    const poll = await consumer.poll({ maxWaitMs: 500, maxBytes: 1_000_000 });
    messages.push(...poll.messages);
    empty = poll.messages.length === 0 ? empty + 1 : 0;
    if (empty > 60) break;
  }
  await consumer.close();
  return messages;
}

/** The tests. */
export function describePoison(open: () => Promise<PoisonBench>): void {
  test.each(['abort', 'throw'])(
    'a message at which the stage ends by %s is put aside by the third start; the others pass, once',
    async (poison) => {
      const { bus, programArguments } = await open();
      await bus.ensureTopics(['in', 'out', 'dead-letter'].map((name) => ({ name, partitions: 1 })));
      const producer = await bus.producer();
      const texts = Array.from({ length: 20 }, (_, index) => (index === 7 ? poison : `message ${index}`));
      await producer.send(
        texts.map((text) => ({ topic: 'in', key: 'k', value: Buffer.from(text), headers: { a: 'b' } })),
      );
      expect(await start(programArguments)).toBe(false);
      expect(await start(programArguments)).toBe(false);
      expect(await start(programArguments)).toBe(true);
      const out = await readAll(bus, 'out', 19);
      expect(out.map(({ value }) => value.toString())).toEqual(texts.filter((text) => text !== poison));
      const letters = await readAll(bus, 'dead-letter', 1);
      expect(letters.map((letter) => decodeValue('DeadLetter', letter, readDeadLetter))).toMatchObject([
        {
          kind: 'ok',
          value: {
            stage: 'mortal',
            reason: 'poison',
            topic: 'in',
            offset: 7,
            value: Buffer.from(poison),
            headers: { a: 'b' },
          },
        },
      ]);
      // A start after that has nothing to do.
      expect(await start(programArguments)).toBe(true);
      await bus.close();
    },
    180_000,
  );
}
