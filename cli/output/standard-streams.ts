import { standardOutput } from '../../core/files/output-file.ts';
import { exitCodes } from '../process/exit-codes.ts';
import { sentenceOf } from './sentence.ts';

/**
 * Handles closed output streams. If the reader of standard output closes it (`spanloom traces | head -1`), the process ends
 * with success. If standard error is closed, the work continues silently.
 */
export function watchStandardStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.success);
    process.stderr.write(`spanloom: The output cannot be written: ${sentenceOf(error)}\n`);
    process.exit(exitCodes.failure);
  });
  process.stderr.on('error', () => undefined);
}

/** Where to say how it went: not into what a command writes to standard output. */
export function summaryStream(outputPath: string | undefined): NodeJS.WriteStream {
  return outputPath === standardOutput ? process.stderr : process.stdout;
}
