import { decodeValue, encodeValue, schemaHeader } from '../../core/codec.ts';
import { PipelineError } from '../../core/errors.ts';
import type { SchemaHistory } from '../../core/schema-history.ts';
import { readEventBatch, writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import type { RecordingFacts, RecordingReader } from './recording-reader.ts';
import type { ReplayedBatch } from './replayed-batch.ts';

/** The batches of a recording, rewritten as the present schema has them where it is of an older version. */
export async function* recordedBatches(
  path: string,
  reader: RecordingReader,
): AsyncGenerator<ReplayedBatch, void, undefined> {
  const upgrade = upgraderOf(path, reader.facts);
  for await (const { value, position } of reader.batches())
    yield { value: upgrade(value, position), positionBytes: position };
}

/** Rewrites batches of a recording of an older version as the current version has them. */
function upgraderOf(path: string, facts: RecordingFacts): (value: Buffer, position: number) => Buffer {
  const fingerprint = facts.schemaFingerprint;
  if (fingerprint === schemas.EventBatch.fingerprint) return (value) => value;
  const history: SchemaHistory = new Map([[fingerprint, { name: 'EventBatch', text: facts.schemaText }]]);
  return (value, position) => {
    const decoded = decodeValue(
      'EventBatch',
      { headers: { [schemaHeader]: fingerprint }, value },
      readEventBatch,
      history,
    );
    if (decoded.kind === 'ok') return encodeValue(decoded.value, writeEventBatch);
    throw new PipelineError(
      'FILE_CORRUPT',
      `${path} cannot be used from byte ${position} on: its version ${fingerprint} is too different (${decoded.detail}).`,
    );
  };
}
