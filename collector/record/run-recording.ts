import { PipelineError } from '../../core/errors.ts';
import { collectInto, type CollectIntoOptions } from '../run.ts';
import { RecordingWriter } from './recording-writer.ts';

/** What a recording needs. */
export interface RunRecordingOptions extends CollectIntoOptions {
  /** File to write; an existing one is replaced by the first batch. Without a batch there is none. */
  readonly path: string;
  /** Called about once a second. */
  readonly onProgress?: (progress: RecordingProgress) => void;
}

/** How far a recording is. */
export interface RecordingProgress {
  readonly batches: number;
  /** Bytes in the file. */
  readonly bytes: number;
}

/**
 * Captures this host into a file until the signal fires.
 *
 * @throws PipelineError CONFIG_INVALID when the capture is switched off, ENVIRONMENT_UNSUPPORTED when this machine does not allow it, FILE_UNUSABLE when the file cannot be
 *   made, BUS_FULL when the disk is full: what was written until then is readable
 */
export async function runRecording(options: RunRecordingOptions): Promise<RecordingProgress> {
  const { path, settings, onProgress } = options;
  if (!settings.capture.captureEnabled)
    throw new PipelineError('CONFIG_INVALID', 'SPANLOOM_COLLECTOR_CAPTURE_ENABLED: must be true for a recording');
  const writer = await RecordingWriter.create(path, { codec: settings.collector.recordCodec });
  const progress = (): RecordingProgress => ({ batches: writer.batches, bytes: writer.bytes });
  const timer = setInterval(() => onProgress?.(progress()), 1_000);
  try {
    await collectInto(options, writer);
  } finally {
    clearInterval(timer);
    await writer.close();
  }
  return progress();
}
