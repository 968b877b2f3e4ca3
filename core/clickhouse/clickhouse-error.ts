import { PipelineError } from '../errors.ts';

/**
 * Types of errors after which the same call may succeed later (names as in ClickHouse's ErrorCodes.cpp): too much work,
 * a network in between, an unavailable keeper, a file that could not be written.
 */
const passingTypes: ReadonlySet<string> = new Set([
  'ABORTED',
  'ALL_CONNECTION_TRIES_FAILED',
  'CANNOT_ALLOCATE_MEMORY',
  'CANNOT_SCHEDULE_TASK',
  'DNS_ERROR',
  'KEEPER_EXCEPTION',
  'MEMORY_LIMIT_EXCEEDED',
  'NETWORK_ERROR',
  'NO_FREE_CONNECTION',
  'QUERY_WAS_CANCELLED',
  'SERVER_OVERLOADED',
  'SOCKET_TIMEOUT',
  'TABLE_IS_READ_ONLY',
  'TIMEOUT_EXCEEDED',
  'TOO_FEW_LIVE_REPLICAS',
  'TOO_MANY_PARTS',
  'TOO_MANY_SIMULTANEOUS_QUERIES',
  'UNEXPECTED_END_OF_FILE',
  'UNKNOWN_STATUS_OF_INSERT',
  'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE',
]);

/** Types of errors that say that stored bytes are not those that were written. */
const damageTypes: ReadonlySet<string> = new Set([
  'BAD_SIZE_OF_FILE_IN_DATA_PART',
  'CANNOT_DECOMPRESS',
  'CHECKSUM_DOESNT_MATCH',
  'CORRUPTED_DATA',
  'NO_FILE_IN_DATA_PART',
  'SIZES_OF_MARKS_FILES_ARE_INCONSISTENT',
  'UNKNOWN_CODEC',
  'UNKNOWN_COMPRESSION_METHOD',
]);

const diskFullPattern = /NOT_ENOUGH_SPACE|No space left on device|errno: 28\b|ENOSPC/;
const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

/** The type of a ClickHouseError. By its shape: the embedded engine's package brings its own copy of the class. */
function typeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, type } = error as { readonly code?: unknown; readonly type?: unknown };
  if (typeof code !== 'string' || !/^\d+$/.test(code)) return undefined;
  return typeof type === 'string' ? type : '';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 500);
}

/**
 * What went wrong, as an error of the pipeline. Damaged data is FILE_CORRUPT. A full disk is not retryable: nothing gets
 * better by itself, so the process stops and says so; what was not stored is still on the bus.
 *
 * @param place the directory or address of the database, for people
 */
export function clickHouseError(error: unknown, place: string): PipelineError {
  if (error instanceof PipelineError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const type = typeOf(error);
  if (diskFullPattern.test(`${type ?? ''} ${text}`))
    return new PipelineError('DESTINATION_UNAVAILABLE', `There is no room left on the disk of ${place}.`, {
      cause: error,
    });
  if (type !== undefined) {
    if (damageTypes.has(type)) {
      const damage = `What ClickHouse at ${place} stores is damaged (${type}): ${firstLine(text)}`;
      return new PipelineError('FILE_CORRUPT', damage, { cause: error });
    }
    const message = `ClickHouse at ${place} refused (${type}): ${firstLine(text)}`;
    return passingTypes.has(type)
      ? new PipelineError('DESTINATION_UNAVAILABLE', message, { retryable: true, cause: error })
      : new PipelineError('DESTINATION_REFUSED', message, { cause: error });
  }
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const isPassing = (typeof code === 'string' && networkCodes.has(code)) || /timeout|socket hang up/i.test(text);
  return new PipelineError('DESTINATION_UNAVAILABLE', `ClickHouse at ${place} could not be used: ${firstLine(text)}`, {
    retryable: isPassing,
    cause: error,
  });
}
