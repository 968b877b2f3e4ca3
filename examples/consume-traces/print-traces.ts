/**
 * Prints live traces as trees: node --import tsx examples/consume-traces/print-traces.ts --brokers 127.0.0.1:9092
 * It knows nothing of spanloom but the topic and the schema files: docs/consume-traces.md is the contract it keeps.
 */
import avro from 'avsc';
import kafkajs from 'kafkajs';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useCompression } from './compression.ts';

interface Trace {
  trace_id: string;
  /** Not in schemas before this field. */
  carried_trace_id?: string;
  revision: bigint;
  merged_into: string;
  duration_ns: bigint;
  error_count: number;
  spans: readonly Record<string, string | number | bigint>[];
}

const { values: options } = parseArgs({
  options: {
    brokers: { type: 'string', default: '127.0.0.1:9092' },
    topic: { type: 'string', default: 'spanloom.traces' },
    group: { type: 'string', default: 'print-traces' },
    schemas: { type: 'string', default: join(import.meta.dirname, '..', '..', 'schemas', 'avro', 'history') },
    'from-beginning': { type: 'boolean', default: false },
  },
});

useCompression();

// Unix times in nanoseconds are beyond 2^53.
const longType = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => Buffer.from(BigInt64Array.of(value).buffer),
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (left: bigint, right: bigint) => Number(left - right),
});
const types = new Map<string, avro.Type>();

/** The header `schema` names the file of the schema that the value was written with. */
function decode(value: Buffer, fingerprint: string): Trace {
  let type = types.get(fingerprint);
  if (type === undefined) {
    const text = readFileSync(join(options.schemas, `Trace-${fingerprint}.json`), 'utf8');
    type = avro.Type.forSchema(JSON.parse(text) as avro.Schema, { registry: { long: longType } });
    types.set(fingerprint, type);
  }
  // With a schema registry five bytes come first: a zero, and the schema's number there.
  return type.fromBuffer(value[0] === 0 ? value.subarray(5) : value) as Trace;
}

/** Versions of the traces seen lately. A table of current traces would hold the traces themselves. */
const versions = new Map<string, bigint>();

function handle(trace: Trace): void {
  const isMerged = trace.merged_into !== '';
  const version = trace.revision * 2n + (isMerged ? 1n : 0n);
  const known = versions.get(trace.trace_id);
  if (known !== undefined && version <= known) return; // Delivered again.
  versions.delete(trace.trace_id);
  versions.set(trace.trace_id, version);
  if (versions.size > 100_000) versions.delete(versions.keys().next().value!);
  if (isMerged) console.log(`trace ${trace.trace_id} is part of ${trace.merged_into} now`);
  else print(trace, known === undefined ? '' : ', replaces an earlier one');
}

const ms = (ns: unknown): string => `${(Number(ns) / 1e6).toFixed(3)} ms`;

function print(trace: Trace, note: string): void {
  const { trace_id, carried_trace_id, revision, spans, duration_ns, error_count } = trace;
  const counts = `${spans.length} spans, ${ms(duration_ns)}, ${error_count} errors`;
  const carried = carried_trace_id ? `, W3C trace id ${carried_trace_id}` : '';
  console.log(`trace ${trace_id} revision ${revision}: ${counts}${carried}${note}`);
  const depths = new Map<unknown, number>();
  for (const span of spans) {
    const depth = (depths.get(span['parent_span_id']) ?? 0) + 1;
    depths.set(span['span_id'], depth);
    const what = [span['observation_point'], span['process_name'], span['request_type'], span['endpoint']];
    const why = span['parent_span_id'] === '' ? 'root' : `${span['reason']} ${Number(span['confidence']).toFixed(3)}`;
    console.log(`${'  '.repeat(depth)}${what.join(' ')}: ${span['status']}, ${ms(span['duration_ns'])} (${why})`);
  }
}

const kafka = new kafkajs.Kafka({ brokers: options.brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
const consumer = kafka.consumer({ groupId: options.group });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void consumer.disconnect());
await consumer.connect();
await consumer.subscribe({ topic: options.topic, fromBeginning: options['from-beginning'] });
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => {
    for (const { value, headers } of batch.messages)
      if (value !== null) handle(decode(value, String(headers?.['schema'])));
    // Only now: what was read but not handled comes again after a crash.
    const { topic, partition } = batch;
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(batch.lastOffset()) + 1n) }]);
  },
});
