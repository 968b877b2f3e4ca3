/**
 * How fast each dissector reads requests with their responses: microseconds a pair and messages a second of one core, and
 * as a ratio to looking at every byte once. Medians of several rounds.
 *
 *   npx tsx bench/dissect.ts [pairs]
 */
import type { Dissector, Segment } from '../protocols/dissection/dissector.ts';
import { examples } from '../protocols/testing/examples.ts';
import type { Exchange } from '../protocols/testing/protocol-examples.ts';

const pairs = Number(process.argv[2] ?? 200_000);
const rounds = 7;
const variants = 64;

interface Pair {
  readonly request: Segment<number>;
  readonly response: Segment<number>;
}

function pair({ request, response }: Exchange): Pair {
  const segment = (bytes: Buffer): Segment<number> => ({ origin: 1, bytes, length: bytes.length, startsMessage: true });
  return { request: segment(request), response: segment(response) };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1]!;
}

/** CPU time, so that what else runs on the machine does not count. */
function elapsedUs(act: () => void): number {
  const start = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

function dissect(dissector: Dissector, samples: readonly Pair[]): number {
  const conversation = dissector.open<number>();
  let messages = 0;
  const report = (): void => {
    messages++;
  };
  for (let index = 0; index < pairs; index++) {
    const { request, response } = samples[index % samples.length]!;
    conversation.read('client', request, report);
    conversation.read('server', response, report);
  }
  if (messages !== 2 * pairs) throw new Error(`${dissector.protocol}: ${messages} messages of ${2 * pairs}`);
  return messages;
}

function scan(samples: readonly Pair[]): number {
  let sum = 0;
  for (let index = 0; index < pairs; index++) {
    const { request, response } = samples[index % samples.length]!;
    sum = (sum + sumOf(request.bytes) + sumOf(response.bytes)) | 0;
  }
  return sum;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum + bytes[at]!) | 0;
  return sum;
}

console.log('protocol      bytes/pair   us/pair   messages/s   scan us/pair   ratio');
for (const { definition, typical } of examples) {
  const { dissector } = definition;
  const samples = Array.from({ length: variants }, (_, index) => pair(typical(index)));
  const bytes =
    samples.reduce((total, { request, response }) => total + request.length + response.length, 0) / variants;
  const dissected: number[] = [];
  const scanned: number[] = [];
  for (let round = 0; round < rounds; round++) {
    dissected.push(elapsedUs(() => dissect(dissector, samples)) / pairs);
    scanned.push(elapsedUs(() => scan(samples)) / pairs);
  }
  const us = median(dissected);
  const scanUs = median(scanned);
  console.log(
    [
      dissector.protocol.padEnd(12),
      bytes.toFixed(0).padStart(11),
      us.toFixed(2).padStart(9),
      (2e6 / us).toFixed(0).padStart(12),
      scanUs.toFixed(2).padStart(14),
      (us / scanUs).toFixed(1).padStart(7),
    ].join(' '),
  );
}
