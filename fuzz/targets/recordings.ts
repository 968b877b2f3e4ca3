/** Files given as recordings: whatever is in them, reading gives batches and then at most one error of ours. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeHeader } from '../../collector/record/container-file.ts';
import { RecordingReader } from '../../collector/replay/recording-reader.ts';
import { PipelineError } from '../../core/errors.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import { recordingPath } from '../seeds.ts';
import { maxInputBytes, type Target } from '../target.ts';

/** The schema as short as it goes, so that there is room for blocks. */
function seeds(): readonly Buffer[] {
  const schema = '{"type":"record","name":"EventBatch","fields":[{"name":"a","type":{"type":"array","items":"long"}}]}';
  const files = ['null', 'deflate'].map((codec) => {
    const metadata = { 'avro.codec': Buffer.from(codec), 'avro.schema': Buffer.from(schema) };
    const marker = Buffer.alloc(16, 7);
    const data = Buffer.from('0602040600', 'hex');
    return Buffer.concat([encodeHeader({ metadata, marker }), Buffer.of(2, 2 * data.length), data, marker]);
  });
  const whole = encodeHeader({
    metadata: { 'avro.schema': Buffer.from(schemas.EventBatch.text) },
    marker: Buffer.alloc(16, 7),
  });
  return [...files, whole.subarray(0, maxInputBytes), readFileSync(recordingPath).subarray(0, maxInputBytes)];
}

export const recordings: Target = {
  seeds: () => Promise.resolve(seeds()),
  dictionary: [
    ...['"type":"record"', '"type":"array"', '"type":"map"', '"items":', '"fields":[', '"null"', '"long"', '"string"'],
    ...['"EventBatch"', '[[[[', '{"type":{"type":', 'Obj\x01', 'avro.schema', 'avro.codec', 'deflate', 'null'],
    '\x07'.repeat(16),
  ],
  async run(input) {
    const folder = mkdtempSync(join(tmpdir(), 'spanloom-fuzz-'));
    let reader: RecordingReader | undefined;
    try {
      const path = join(folder, 'recording.avro');
      writeFileSync(path, input);
      reader = await RecordingReader.open(path);
      let left = 1_000_000;
      for await (const { value } of reader.batches()) if (value.length === 0 && --left === 0) break;
      if (left === 0) throw new Error('more than a million empty batches of one small file');
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
    } finally {
      await reader?.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
