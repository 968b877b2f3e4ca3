import { runReplay } from '../collector/replay/run-replay.ts';
import { hasCode } from '../core/errors.ts';
import { connect } from '../core/stage/connect.ts';
import type { EventSource } from './pipeline.ts';
import type { Progress } from './progress.ts';

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
          // A log that holds as much as it may takes more when the stages have gone on.
          output: { send: (messages) => connect('send', () => output.send(messages), waiting) },
          speed,
          signal,
          onProgress: ({ positionBytes, sizeBytes }) =>
            progress.update(`${((100 * positionBytes) / Math.max(1, sizeBytes)).toFixed(0)} % read`),
        });
      } catch (error) {
        // A damaged file is no reason to throw away the traces of what was readable: told at the end.
        if (!hasCode(error, 'FILE_CORRUPT')) throw error;
        found.damage = error;
      } finally {
        await output.close();
      }
    },
    damage: () => found.damage,
  };
}
