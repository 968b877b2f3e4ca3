/** The examples for other systems, against a real broker with real traces: both must show the same, and the right thing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { compressions } from '../../core/bus/kafka/records/compression.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { type Trace, writeTrace } from '../../schemas/generated/trace.ts';
import { brokerForTests, type TestBroker } from './test-broker.ts';
import { makeLoadTrace } from '../../sink/testing/traces.ts';
import { orderSpan } from '../../sink/testing/traces.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { type PythonEnvironment, pythonEnvironment } from '../python-environment.ts';
import { describeWhere } from '../requirement.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples', 'consume-traces');

const first = aTrace(
  [
    orderSpan({ spanId: '00000000000000a1' }),
    orderSpan({
      spanId: '00000000000000a2',
      parentSpanId: '00000000000000a1',
      reason: 'agreement',
      confidence: 0.999,
      observationPoint: 'c-p',
      durationNs: 1_250_000,
      status: 'server_error',
    }),
  ],
  { traceId: 'a'.repeat(32) },
);
const late = orderSpan({
  spanId: '00000000000000a3',
  parentSpanId: '00000000000000a2',
  reason: 'tcp_sequence',
  confidence: 1,
});
const second = aTrace([...first.spans, late], { traceId: first.traceId });
const merged = aTrace([], { traceId: 'b'.repeat(32), revision: 4, mergedInto: first.traceId });
const last = aTrace([orderSpan()], { traceId: 'c'.repeat(32), carriedTraceId: 'd'.repeat(32) });

/** A new revision replaces; what comes again, or comes late, changes nothing. Every other message is framed. */
const story: readonly Trace[] = [first, first, second, first, merged, merged, last];
const shown = `trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa revision 2: 2 spans, 5.000 ms, 1 errors
  s-p node GET /api/orders/{}: ok, 5.000 ms (root)
    c-p node GET /api/orders/{}: server_error, 1.250 ms (agreement 0.999)
trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa revision 3: 3 spans, 5.000 ms, 1 errors, replaces an earlier one
  s-p node GET /api/orders/{}: ok, 5.000 ms (root)
    c-p node GET /api/orders/{}: server_error, 1.250 ms (agreement 0.999)
      s-p node GET /api/orders/{}: ok, 5.000 ms (tcp_sequence 1.000)
trace bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb is part of aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa now
trace cccccccccccccccccccccccccccccccc revision 1: 1 spans, 5.000 ms, 0 errors, W3C trace id dddddddddddddddddddddddddddddddd
  s-p node GET /api/orders/{}: ok, 5.000 ms (root)
`;

const messageOf = (trace: Trace): OutgoingMessage =>
  outgoingMessage('traces', trace.traceId, 'Trace', encodeValue(trace, writeTrace));

/** As a pipeline with a Schema Registry writes it: a zero byte and the number of the schema first. */
function framed(message: OutgoingMessage): OutgoingMessage {
  const value = Buffer.concat([Buffer.of(0, 0, 0, 0, 7), message.value]);
  return { ...message, value, headers: { ...message.headers, framing: 'confluent' } };
}

/** Runs a program until what it prints is long enough; then ends it in order. */
async function printed(program: ChildProcess, length: number): Promise<string> {
  let [output, errors] = ['', ''];
  program.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => program.once('exit', resolve));
  await new Promise<void>((resolve, reject) => {
    program.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.length >= length) resolve();
    });
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${errors}`)));
    setTimeout(() => reject(new Error(`it printed only ${output}${errors}`)), 50_000).unref();
  });
  program.kill('SIGTERM');
  expect(await ended).toBe(0);
  return output;
}

/** What a group has committed, over all partitions, and what there is. */
async function positions(broker: TestBroker, group: string, topic: string): Promise<readonly [number, number]> {
  const admin = new Kafka({ brokers: [...broker.brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const sum = (list: readonly { readonly offset: string }[]): number =>
    list.reduce((total, { offset }) => total + Math.max(0, Number(offset)), 0);
  return [sum(offsets!.partitions), sum(ends)];
}

function suite(broker: () => TestBroker, program: (...args: readonly string[]) => ChildProcess): void {
  for (const compression of compressions)
    it(`prints trees, revisions and merges, and commits what it has shown (compression: ${compression})`, async () => {
      const prefix = `example-${randomUUID()}.`;
      const bus = openKafkaBus({ brokers: broker().brokers, prefix, compression });
      await bus.ensureTopics([{ name: 'traces', partitions: 1 }]);
      const producer = await bus.producer();
      await producer.send(story.map((trace, index) => (index % 2 === 0 ? messageOf(trace) : framed(messageOf(trace)))));
      const group = `${prefix}printer`;
      const running = program(
        '--brokers',
        broker().brokers.join(','),
        '--topic',
        `${prefix}traces`,
        '--group',
        group,
        '--from-beginning',
      );
      expect(await printed(running, shown.length)).toBe(shown);
      expect(await positions(broker(), group, `${prefix}traces`)).toEqual([story.length, story.length]);
      // It goes on where it was.
      await producer.send([messageOf(makeLoadTrace(5))]);
      const again = program('--brokers', broker().brokers.join(','), '--topic', `${prefix}traces`, '--group', group);
      expect(await printed(again, 100)).toContain('trace 00000000000000000000000000000006 revision 8: 8 spans');
      await bus.close();
    });
}

brokerForTests('examples', (broker) => {
  describe('the example in TypeScript', () => {
    suite(broker, (...args) =>
      spawn(process.execPath, ['--import', 'tsx', join(folder, 'print-traces.ts'), ...args], { stdio: 'pipe' }),
    );
  });

  const environment: PythonEnvironment = pythonEnvironment(join(folder, 'requirements.txt'));
  describeWhere(environment.missing, 'the example in Python', () => {
    if (environment.missing !== undefined) return;
    const { python, remove } = environment;
    afterAll(remove);
    suite(broker, (...args) => spawn(python, [join(folder, 'print_traces.py'), ...args], { stdio: 'pipe' }));
  });
});
