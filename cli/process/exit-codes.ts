import { PipelineError } from '../../core/errors.ts';

/** How a command ends. A contract with scripts; `spanloom --help` shows it. */
export const exitCodes = {
  success: 0,
  /** Something failed; the sentence on standard error says what. */
  failure: 1,
  /** Wrong arguments or settings. */
  usage: 2,
  /** This machine lacks a right, a kernel feature or a tool. */
  unsupported: 3,
  /** A file is damaged; what was readable has been used. */
  corrupt: 4,
  /** What was asked for is not there. */
  notFound: 5,
} as const;

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof NotFoundError) return exitCodes.notFound;
  if (error instanceof UsageError) return exitCodes.usage;
  if (!(error instanceof PipelineError)) return exitCodes.failure;
  switch (error.code) {
    case 'CONFIG_INVALID':
    case 'FILE_UNUSABLE':
      return exitCodes.usage;
    case 'ENVIRONMENT_UNSUPPORTED':
      return exitCodes.unsupported;
    case 'NOTHING_STORED':
      return exitCodes.notFound;
    case 'FILE_CORRUPT':
      return exitCodes.corrupt;
    default:
      return exitCodes.failure;
  }
}

/** What was asked for is not there. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** The command was called in a way that makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** For `spanloom --help`. */
export const exitCodeHelp = `
Exit codes:
  0        success
  1        failure
  2        wrong arguments or settings
  3        this machine lacks a right, a kernel feature or a tool
  4        a file is damaged; what was readable has been used
  5        not found
  128 + n  ended by signal n`;
