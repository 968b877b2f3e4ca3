/** Values of every topic, written with every version of its schema, to the stages that read them. */
import { encodeValue, schemaHeader } from '../../core/codec.ts';
import { loadConfig } from '../../core/config/load-config.ts';
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { packagedSchemaHistory } from '../../core/schema-history.ts';
import type { Accounting } from '../../core/stage/stage.ts';
import type { Topic } from '../../core/topics.ts';
import { correlatorConfig } from '../../correlator/config.ts';
import { AssembleStage } from '../../correlator/distributed/assemble-stage.ts';
import { CauseStage } from '../../correlator/distributed/cause-stage.ts';
import { Correlator } from '../../correlator/stage.ts';
import { enricherConfig } from '../../enricher/config.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { createEnricher } from '../../enricher/stage.ts';
import { writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { type SchemaName, schemas } from '../../schemas/generated/schemas.ts';
import { SinkStage } from '../../sink/stage.ts';
import { recordedBatches } from '../seeds.ts';
import { hold, maxInputBytes, type Target } from '../target.ts';

/** Who reads what. */
const topicsOf: Partial<Record<SchemaName, Topic>> = {
  EventBatch: 'events',
  Resource: 'resources',
  SpanBatch: 'spans',
  LinkedBatch: 'linked',
  Trace: 'traces',
};

interface Version {
  readonly name: SchemaName;
  readonly topic: Topic;
  readonly fingerprint: string;
}

/** The first byte of an input chooses among them. */
const versions: readonly Version[] = Object.entries(topicsOf).flatMap(([name, topic]) => {
  const past = [...packagedSchemaHistory()].filter(([, schema]) => schema.name === name).map(([print]) => print);
  const prints = new Set([schemas[name as SchemaName].fingerprint, ...past.sort()]);
  return [...prints].map((fingerprint) => ({ name: name as SchemaName, topic, fingerprint }));
});

const config = loadConfig({}, { enricher: enricherConfig, correlator: correlatorConfig });
const limits = { maxRows: 100_000, maxBytes: 1 << 26, maxAgeMs: 0 };
const nowMs = 1_750_000_000_000;

function messageOf(version: Version, value: Buffer): ReceivedMessage {
  const headers = { [schemaHeader]: version.fingerprint };
  return { topic: version.topic, partition: 0, offset: 0, timestampMs: nowMs, key: '1', headers, value };
}

function check(stage: string, accounting: Accounting): void {
  const { received, emitted, dropped, rejected, buffered } = accounting;
  const ended = [...Object.values(dropped), ...Object.values(rejected)].reduce((sum, count) => sum + count, emitted);
  hold(
    buffered >= 0 && received === ended + buffered,
    `received = emitted + dropped + rejected + buffered of ${stage}`,
  );
}

/** Through every stage that reads the topic, and what comes of it through the stages behind. */
function readEverywhere(message: ReceivedMessage): void {
  const send = (to: (message: ReceivedMessage) => void, outputs: readonly unknown[]): void => {
    for (const output of outputs as { topic?: string; value?: Buffer; headers?: Record<string, string> }[])
      if (output.topic !== undefined && output.topic !== 'dead-letter')
        to({
          ...message,
          ...output,
          headers: output.headers ?? {},
          value: Buffer.from(output.value!),
        });
  };
  const sink = (received: ReceivedMessage): void => {
    const stage = new SinkStage(limits);
    stage.process(received, nowMs);
    stage.flush(nowMs);
    check('the sink', stage.accounting());
  };
  const correlator = (received: ReceivedMessage): void => {
    const stage = new Correlator(config.correlator);
    send(sink, [...stage.process(received, nowMs), ...stage.drain()]);
    check('the correlator', stage.accounting());
    const cause = new CauseStage(config.correlator);
    cause.process(received, nowMs);
    cause.drain();
    check('the first half of the correlator', cause.accounting());
  };
  const assembler = (received: ReceivedMessage): void => {
    const stage = new AssembleStage(config.correlator);
    send(sink, [...stage.process(received, nowMs), ...stage.drain()]);
    check('the second half of the correlator', stage.accounting());
  };
  const enricher = (received: ReceivedMessage): void => {
    const stage = createEnricher(config.enricher, { dissectors });
    if (received.topic === 'resources') stage.learn(received);
    else send(correlator, [...stage.process(received, nowMs), ...stage.flush(nowMs), ...stage.drain()]);
    check('the enricher', stage.accounting());
  };
  const readers: Partial<Record<string, readonly ((message: ReceivedMessage) => void)[]>> = {
    events: [enricher],
    resources: [enricher, sink],
    spans: [correlator],
    linked: [assembler],
    traces: [sink],
  };
  for (const read of readers[message.topic] ?? []) read(message);
}

async function seeds(): Promise<readonly Buffer[]> {
  const inputs: Buffer[] = [];
  const index = (name: SchemaName): number => versions.findIndex((version) => version.name === name);
  const add = (name: SchemaName, value: Uint8Array): void => {
    if (value.length < maxInputBytes) inputs.push(Buffer.concat([Buffer.of(index(name)), value]));
  };
  for (const batch of (await recordedBatches()).slice(0, 60)) {
    const value = encodeValue({ ...batch, events: batch.events.slice(0, 12) }, writeEventBatch);
    add('EventBatch', value);
    const enricher = createEnricher(config.enricher, { dissectors });
    const spans = enricher.process(messageOf(versions[index('EventBatch')]!, value), nowMs);
    for (const { value: spanBatch } of spans) {
      add('SpanBatch', spanBatch);
      const correlator = new Correlator(config.correlator);
      correlator.process(messageOf(versions[index('SpanBatch')]!, Buffer.from(spanBatch)), nowMs);
      for (const trace of correlator.drain()) add('Trace', trace.value);
    }
  }
  return inputs;
}

export const messages: Target = {
  seeds,
  dictionary: [],
  run(input) {
    if (input.length === 0) return;
    readEverywhere(messageOf(versions[input[0]! % versions.length]!, input.subarray(1)));
  },
};
