import { PipelineError } from '../../core/errors.ts';
import type { FlowOptions } from '../../native/packets/flow-blocks.ts';
import { beginsAsContainer } from '../record/container-file.ts';
import { hostMetadataKey } from '../record/recording-writer.ts';
import { beginsAsCaptureFile, CaptureFile } from './capture-file.ts';
import { capturedBatches } from './captured-batches.ts';
import { type InputBytes, openInputBytes, standardInput } from './input-bytes.ts';
import { recordedBatches } from './recorded-batches.ts';
import { RecordingReader } from './recording-reader.ts';
import type { ReplayedBatch } from './replayed-batch.ts';

/** What is replayed: batches that a collector made, or would have made. */
export interface ReplayInput {
  /** Undefined where that is not known. */
  readonly sizeBytes: number | undefined;
  /** The resource of the host, where the input has it. */
  readonly recordedHost: Uint8Array | undefined;
  /** In order, all that are readable. @throws PipelineError FILE_CORRUPT, naming file and position, behind the last one */
  batches(): AsyncGenerator<ReplayedBatch, void, undefined>;
  close(): Promise<void>;
}

/** How an input is read. */
export interface ReplayInputOptions {
  /** For a capture file. */
  readonly flows?: FlowOptions;
  /** Ends a capture file where it is, as if there were no more. */
  readonly stop?: AbortSignal;
}

/**
 * Opens a recording or a capture file, which its first bytes tell apart.
 *
 * @param path of a file, or `-` for a capture file on standard input
 * @throws PipelineError FILE_UNUSABLE when there is no such file, FILE_CORRUPT when it is neither
 */
export async function openReplayInput(path: string, options: ReplayInputOptions = {}): Promise<ReplayInput> {
  const bytes = await openInputBytes(path, options.stop);
  try {
    if (beginsAsCaptureFile(bytes.magic)) return captureInput(bytes, options.flows ?? {});
    if (path === standardInput || !beginsAsContainer(bytes.magic)) throw neither(bytes);
  } catch (error) {
    bytes.close();
    throw error;
  }
  bytes.close();
  return recordingInput(path, await RecordingReader.open(path));
}

function captureInput(bytes: InputBytes, options: FlowOptions): ReplayInput {
  const file = new CaptureFile(bytes, options);
  return {
    sizeBytes: bytes.sizeBytes,
    recordedHost: undefined,
    batches: () => capturedBatches(file),
    close() {
      file.close();
      return Promise.resolve();
    },
  };
}

function recordingInput(path: string, reader: RecordingReader): ReplayInput {
  return {
    sizeBytes: reader.facts.sizeBytes,
    recordedHost: reader.facts.metadata[hostMetadataKey],
    batches: () => recordedBatches(path, reader),
    close: () => reader.close(),
  };
}

function neither({ name, magic }: InputBytes): PipelineError {
  const what = magic.length === 0 ? 'is empty' : 'is neither a recording nor a capture file (pcap or pcapng)';
  return new PipelineError('FILE_CORRUPT', `${name} ${what}.`);
}
