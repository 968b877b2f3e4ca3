import { runReplay } from '../collector/replay/run-replay.ts';
import { hasCode } from '../core/errors.ts';
import { connect } from '../core/stage/connect.ts';
import type { EventSource } from './pipeline.ts';
import type { Progress } from './output/progress.ts';

/** Events of a recording. */
export interface ReplaySource {
  readonly source: EventSource;
  /** What was wrong with the file, once it has been read: everything readable has been used by then. */
  readonly damage: () => Error | undefined;
}

/** Makes a source of a recording. */
export function replaySource(path: string, speed: number | 'max', progress: Progress): ReplaySource {
  const found: { damage?: Error } = {};
  return {
    async source({ bus, telemetry, signal }) {
      const output = await bus.producer();
      const waiting = { telemetry, signal };
      try {
        await runReplay({
          path,
          // A full log accepts more when the stages have advanced.
          output: { send: (messages) => connect('send', () => output.send(messages), waiting) },
          speed,
          signal,
          onProgress: ({ positionBytes, sizeBytes }) =>
            progress.update(`${((100 * positionBytes) / Math.max(1, sizeBytes)).toFixed(0)} % read`),
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
