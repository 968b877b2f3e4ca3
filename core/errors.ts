/**
 * Every code of a {@link PipelineError}. A code is a contract: it is logged, counted and distinguished by callers; the
 * text beside it is for people.
 */
export const errorCodes = [
  /** A setting is missing, malformed or unknown. */
  'CONFIG_INVALID',
  /** The bus was closed while something was still asked of it. */
  'BUS_CLOSED',
  /** A message or a consumer names a topic that does not exist. */
  'BUS_UNKNOWN_TOPIC',
  /** A position was committed for a partition that another member has now. */
  'BUS_NOT_ASSIGNED',
  /** There is no room for what was sent. Nothing of it was stored. */
  'BUS_FULL',
  /** A message is larger than the bus takes. */
  'BUS_MESSAGE_TOO_LARGE',
  /** The bus did not take or give data. */
  'BUS_UNAVAILABLE',
  /** The data directory is not one that this version can read. */
  'BUS_INCOMPATIBLE',
  /** The destination (a database) did not answer or asked for patience. */
  'DESTINATION_UNAVAILABLE',
  /** The destination refused the data: trying again would not help. */
  'DESTINATION_REFUSED',
  /** The schema registry did not answer. */
  'REGISTRY_UNAVAILABLE',
  /** The schema registry refused a schema or these credentials: trying again would not help. */
  'REGISTRY_REFUSED',
  /** A right, a tool, a kernel feature or a file is missing on this machine. */
  'ENVIRONMENT_UNSUPPORTED',
  /** A file or folder that was asked for is missing, in the way, or of the wrong kind. Nothing was changed. */
  'FILE_UNUSABLE',
  /** There is nothing to read: no stage has stored anything there yet. */
  'NOTHING_STORED',
  /** A file is not what it should be, from a position that the message names. */
  'FILE_CORRUPT',
  /** Stopping took longer than allowed. */
  'SHUTDOWN_TIMEOUT',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** How a {@link PipelineError} is made. */
export interface PipelineErrorOptions {
  /** True when the same call may succeed later without anyone changing anything but the environment. */
  readonly retryable?: boolean;
  /** For so long the one who was asked wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A broken environment, as opposed to bad input (a value) or a bug (any other error). */
export class PipelineError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number;

  constructor(code: ErrorCode, message: string, options: PipelineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PipelineError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** True for a {@link PipelineError} with this code. */
export function hasCode(error: unknown, code: ErrorCode): error is PipelineError {
  return error instanceof PipelineError && error.code === code;
}
