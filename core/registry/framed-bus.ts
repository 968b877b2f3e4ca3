/**
 * Confluent framing at the edge of the bus: stages see plain values with the fingerprint of their schema in the header
 * `schema`, regardless of the form in the log.
 *
 * Writing: with a registry, values of our schemas go out framed, as of the current schema, which is registered under
 * the subject `<topic>-value`, with the headers `schema` and `framing: confluent`. Everything else, also an empty value and
 * a signed one of another version, is written unchanged.
 *
 * Reading, in any configuration:
 *
 *   `framing` and a known `schema`   the frame is removed, without asking a registry
 *   `schema` alone                   a plain value, even if it begins like a frame
 *   else                             with a registry, a value that begins like a frame is looked up by its id; when its
 *                                    schema is one of ours or compatible with one, it becomes a plain value of that
 *
 * Anything else stays as it is, and stages reject it: a plain value is never taken for a frame.
 */
import { schemaFingerprint } from '../../schemas/avro-fingerprint.ts';
import type { Translate } from '../../schemas/avro-resolver.ts';
import { parseSchemaJson } from '../../schemas/avro-schema.ts';
import { type SchemaName, schemas } from '../../schemas/generated/schemas.ts';
import { agentSignatureHeader } from '../agents/agent-signature.ts';
import type { Bus, Consumer, OutgoingMessage, Poll, Producer, ReceivedMessage } from '../bus/bus.ts';
import { withPoll } from '../bus/with-poll.ts';
import { schemaHeader, translationFrom } from '../codec.ts';
import { packagedSchemaHistory } from '../schema-history.ts';
import { frame, unframe } from './frame.ts';
import type { SchemaRegistry } from './schema-registry.ts';

/** Name of the header that says that a value is framed, and its only value. */
export const framingHeader = 'framing';
const confluent = 'confluent';

/** Bound of cached schemas; a topic has a few, unless an attacker makes more. */
const maxReadings = 256;

/** How values lie in the log. */
export interface FramedBusOptions {
  /** Undefined: values are written plain. */
  readonly registry: SchemaRegistry | undefined;
  /** What the bus puts before the names of topics: subjects are called after the topics as they are in Kafka. */
  readonly topicPrefix: string;
}

/** A bus whose values are framed outside and plain inside; see the top of the file. */
export function framedBus(bus: Bus, { registry, topicPrefix }: FramedBusOptions): Bus {
  return {
    servers: bus.servers,
    ensureTopics: (topics) => bus.ensureTopics(topics),
    async producer() {
      const producer = await bus.producer();
      return registry === undefined ? producer : framingProducer(producer, registry, topicPrefix);
    },
    async consumer(options) {
      return unframingConsumer(await bus.consumer(options), registry);
    },
    close: () => bus.close(),
  };
}

const currentNames: ReadonlyMap<string, SchemaName> = new Map(
  (Object.keys(schemas) as SchemaName[]).map((name) => [schemas[name].fingerprint, name]),
);
const isKnown = (fingerprint: string): boolean =>
  currentNames.has(fingerprint) || packagedSchemaHistory().has(fingerprint);

/** How values of one schema become values of ours. */
type Reading =
  | { readonly kind: 'ours'; readonly fingerprint: string }
  | { readonly kind: 'compatible'; readonly name: SchemaName; readonly translate: Translate }
  | { readonly kind: 'foreign' };

function readingOf(schemaText: string | undefined): Reading {
  try {
    const schema = parseSchemaJson(schemaText ?? 'null') as { readonly name?: unknown } | null;
    const fingerprint = schemaFingerprint(schema);
    if (isKnown(fingerprint)) return { kind: 'ours', fingerprint };
    return compatible(String(schema?.name).split('.').at(-1)!, schemaText!);
  } catch {
    // No JSON, no Avro, larger or deeper than a schema may be, or not compatible.
  }
  return { kind: 'foreign' };
}

/** A value read; undefined when the bytes are not what their schema says. */
function readBy(reading: Reading, body: Buffer): { readonly fingerprint: string; readonly value: Buffer } | undefined {
  if (reading.kind === 'ours') return { fingerprint: reading.fingerprint, value: body };
  if (reading.kind === 'foreign') return undefined;
  try {
    return { fingerprint: schemas[reading.name].fingerprint, value: reading.translate(body) };
  } catch {
    return undefined;
  }
}

/** What is framed of a message; undefined when it goes out as it is. @param pastReadings of schemas before, kept by the caller */
function recordOf(
  message: OutgoingMessage,
  pastReadings: Map<string, Reading>,
): { readonly name: SchemaName; readonly body: Uint8Array } | undefined {
  const { value, headers = {} } = message;
  const fingerprint = headers[schemaHeader];
  if (fingerprint === undefined || headers[framingHeader] !== undefined || value.length === 0) return undefined;
  const name = currentNames.get(fingerprint);
  if (name !== undefined) return { name, body: value };
  // Another value than the one that was signed would be nobody's.
  if (headers[agentSignatureHeader] !== undefined) return undefined;
  let reading = pastReadings.get(fingerprint);
  if (reading === undefined) {
    const past = packagedSchemaHistory().get(fingerprint);
    // Only current schemas are registered: a past one need not be compatible with a current one before it.
    reading = past === undefined ? { kind: 'foreign' } : compatible(past.name, past.text);
    pastReadings.set(fingerprint, reading);
  }
  const read = readBy(reading, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  return read === undefined ? undefined : { name: currentNames.get(read.fingerprint)!, body: read.value };
}

function framingProducer(producer: Producer, registry: SchemaRegistry, topicPrefix: string): Producer {
  const ids = new Map<string, number>();
  const pastReadings = new Map<string, Reading>();
  /** Resolves when the call before has been handed on: later messages must not overtake a schema's registration. */
  let handedOn: Promise<unknown> = Promise.resolve();

  async function framed(messages: readonly OutgoingMessage[]): Promise<readonly OutgoingMessage[]> {
    const out: OutgoingMessage[] = [];
    for (const message of messages) {
      const record = recordOf(message, pastReadings);
      if (record === undefined) {
        out.push(message);
        continue;
      }
      const { text, fingerprint } = schemas[record.name];
      const key = `${message.topic} ${record.name}`;
      let id = ids.get(key);
      if (id === undefined) {
        id = await registry.register(`${topicPrefix}${message.topic}-value`, text);
        ids.set(key, id);
      }
      const headers = { ...message.headers, [schemaHeader]: fingerprint, [framingHeader]: confluent };
      out.push({ ...message, value: frame(id, record.body), headers });
    }
    return out;
  }

  return {
    async send(messages) {
      const ready = framed(messages);
      const next = Promise.allSettled([ready, handedOn]).then(async () => ({ stored: producer.send(await ready) }));
      handedOn = next;
      const { stored } = await next;
      await stored;
    },
    async close() {
      await Promise.allSettled([handedOn]);
      await producer.close();
    },
  };
}

function compatible(name: string, schemaText: string): Reading {
  const ours = [...currentNames.values()].find((each) => each === name);
  return ours === undefined
    ? { kind: 'foreign' }
    : { kind: 'compatible', name: ours, translate: translationFrom(ours, schemaText) };
}

function unframingConsumer(consumer: Consumer, registry: SchemaRegistry | undefined): Consumer {
  const readings = new Map<string, Reading>();
  /** Read from the bus, but not returned yet because the registry was unavailable. */
  let pending: Poll | undefined;

  /** The message in the form for stages. Rejects while the registry is unavailable. */
  async function lookedUp(message: ReceivedMessage, from: SchemaRegistry): Promise<ReceivedMessage> {
    const found = unframe(message.value);
    if (found === undefined) return message;
    const text = await from.schemaOf(found.schemaId);
    if (text === undefined) return message;
    let reading = readings.get(text);
    if (reading === undefined) {
      if (readings.size >= maxReadings) readings.clear();
      readings.set(text, (reading = readingOf(text)));
    }
    const read = readBy(reading, found.body);
    if (read === undefined) return message;
    return { ...message, value: read.value, headers: plainHeaders(message, read.fingerprint) };
  }

  return withPoll(consumer, async (limits) => {
    pending ??= await consumer.poll(limits);
    const messages: ReceivedMessage[] = [];
    for (const message of pending.messages) {
      const plain = message.refused === undefined ? unframed(message) : message;
      messages.push(plain ?? (registry === undefined ? message : await lookedUp(message, registry)));
    }
    const poll = { ...pending, messages };
    pending = undefined;
    return poll;
  });
}

/** The message in the form for stages; undefined if only a registry knows its schema. */
function unframed(message: ReceivedMessage): ReceivedMessage | undefined {
  const { [framingHeader]: framing, [schemaHeader]: fingerprint } = message.headers;
  if (fingerprint === undefined) return undefined;
  if (framing !== confluent) return message;
  const body = unframe(message.value)?.body;
  if (body === undefined || !isKnown(fingerprint)) return undefined;
  return { ...message, value: body, headers: plainHeaders(message, fingerprint) };
}

function plainHeaders({ headers }: ReceivedMessage, fingerprint: string): Readonly<Record<string, string>> {
  const others = Object.entries(headers).filter(([name]) => name !== framingHeader);
  return { ...Object.fromEntries(others), [schemaHeader]: fingerprint };
}
