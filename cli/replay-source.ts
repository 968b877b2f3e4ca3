import { type RunReplayOptions, runReplay } from '../collector/replay/run-replay.ts';
import { hasCode } from '../core/errors.ts';
import { connect } from '../core/stage/connect.ts';
import type { EventSource } from './pipeline.ts';
import type { Progress } from './output/progress.ts';
import { ReadProgress } from './output/read-progress.ts';

/** Events of a recording or a capture file. */
export interface ReplaySource {
  readonly source: EventSource;
  /** What was wrong with the file, once it has been read: everything readable has been used by then. */
  readonly damage: () => Error | undefined;
}

/** Makes a source of a recording or a capture file. */
export function replaySource(
  input: Omit<RunReplayOptions, 'output' | 'signal' | 'onProgress'>,
  progress: Progress,
): ReplaySource {
  const found: { damage?: Error } = {};
  const read = new ReadProgress();
  return {
    async source({ bus, telemetry, signal }) {
      const output = await bus.producer();
      const waiting = { telemetry, signal };
      try {
        await runReplay({
          ...input,
          // A full log accepts more when the stages have advanced.
          output: { send: (messages) => connect('send', () => output.send(messages), waiting) },
          signal,
          onProgress: ({ positionBytes, sizeBytes }) => progress.update(read.text(positionBytes, sizeBytes)),
        });
      } catch (error) {
        // Traces of the readable part of a damaged file are kept; the error is reported at the end.
        if (!hasCode(error, 'FILE_CORRUPT')) throw error;
        found.damage = error;
      } finally {
        await output.close();
      }
    },
    damage: () => found.damage,
  };
}
