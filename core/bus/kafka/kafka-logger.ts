import kafkajs, { type LogEntry } from 'kafkajs';
import type { Logger } from '../../telemetry/logger.ts';

/** The same line is logged at most once in this time. */
const quietMs = 30_000;
/** Lines remembered; more different ones than these are not expected of a client. */
const maximumLines = 200;

/**
 * Passes what kafkajs logs on to our logger. What it calls an error it repeats by itself, so nothing is lost: a
 * warning. Everything else is for debugging. An unavailable broker would fill the log with one line per attempt, so
 * repetitions are counted instead.
 */
export function kafkaLogger(logger: Logger, now: () => number = Date.now): () => (entry: LogEntry) => void {
  const lines = new Map<string, { atMs: number; repeated: number }>();
  return () =>
    ({ namespace, level, log }) => {
      const { message, error, broker, groupId } = log as { message: string } & Record<string, unknown>;
      if (level > kafkajs.logLevel.ERROR) {
        logger.debug({ client: namespace, groupId }, message);
        return;
      }
      const key = `${namespace} ${message}`;
      const seen = lines.get(key);
      const nowMs = now();
      if (seen !== undefined && nowMs - seen.atMs < quietMs) {
        seen.repeated++;
        return;
      }
      if (lines.size >= maximumLines) lines.clear();
      lines.set(key, { atMs: nowMs, repeated: 0 });
      const repeated = seen === undefined || seen.repeated === 0 ? {} : { repeated: seen.repeated };
      logger.warn({ client: namespace, groupId, broker, reason: error, ...repeated }, `Kafka: ${message}`);
    };
}
