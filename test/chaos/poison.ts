import { createHash } from 'node:crypto';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { schemaHeader } from '../../core/codec.ts';
import type { Topic } from '../../core/topics.ts';
import { type SchemaName, schemas } from '../../schemas/generated/schemas.ts';

/** Topics that a stage reads, and what it expects there. */
export const poisonable = [
  ['events', 'EventBatch'],
  ['resources', 'Resource'],
  ['agent-resources', 'Resource'],
  ['spans', 'SpanBatch'],
  ['linked', 'LinkedBatch'],
  ['traces', 'Trace'],
] as const satisfies readonly (readonly [Topic, SchemaName])[];

const mark = Buffer.from('poison of a chaos run');

/** A record that nobody can read: with the header of the right schema, or with none at all. */
export function poisonRecord(count: number): OutgoingMessage {
  const [topic, schema] = poisonable[count % poisonable.length]!;
  const noise = createHash('sha256').update(String(count)).digest();
  // No number of any schema is as long as this.
  const value = Buffer.concat([Buffer.alloc(12, 0xff), mark, noise]);
  const isBytesOnly = Math.floor(count / poisonable.length) % 2 === 0;
  const headers = isBytesOnly ? { [schemaHeader]: schemas[schema].fingerprint } : {};
  return { topic, key: String(count), value, headers };
}

/** Is it one of those? */
export function isPoison(value: Uint8Array): boolean {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(mark);
}
