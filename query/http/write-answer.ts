import type { ServerResponse } from 'node:http';

/** How an answer is written. */
export interface WriteAnswerOptions {
  /** A client that takes nothing for longer is disconnected. */
  readonly stallTimeoutMs: number;
  /** Ends the writing. */
  readonly signal: AbortSignal;
  /** Called when the client stops reading, and when it continues. */
  readonly stalls: (isStalled: boolean) => void;
  /** Called with the change in bytes of the answer that this process buffers. */
  readonly buffered: (bytes: number) => void;
}

/** As much is given to a connection at once; until it is taken nothing more is. */
const sliceBytes = 64 * 1024;

/** The client did not take anything for too long. */
export class StalledClientError extends Error {
  constructor(timeoutMs: number) {
    super(`the client has not read anything for ${timeoutMs} ms`);
    this.name = 'StalledClientError';
  }
}

/**
 * Writes an answer piece by piece. The next piece is asked for only when the client has taken the one before, so that
 * one piece of an answer is in memory and no more. Resolves when the client's side has everything.
 *
 * @throws StalledClientError; the reason of the signal; what the pieces throw
 */
export async function writeAnswer(
  response: ServerResponse,
  pieces: AsyncIterable<string | Buffer>,
  options: WriteAnswerOptions,
): Promise<void> {
  for await (const piece of pieces)
    await writePiece(response, typeof piece === 'string' ? Buffer.from(piece) : piece, options);
  const finished = new Promise<void>((resolve) => response.end(resolve));
  await taken(finished, options);
}

async function writePiece(response: ServerResponse, bytes: Buffer, options: WriteAnswerOptions): Promise<void> {
  let bufferedBytes = bytes.length;
  options.buffered(bufferedBytes);
  try {
    for (let at = 0; at < bytes.length; at += sliceBytes) {
      const slice = bytes.subarray(at, at + sliceBytes);
      // Not "drain": it is emitted only after the connection has reported that it is full.
      await taken(new Promise<void>((resolve) => response.write(slice, () => resolve())), options);
      bufferedBytes -= slice.length;
      options.buffered(-slice.length);
    }
  } finally {
    options.buffered(-bufferedBytes);
  }
}

/** Waits until something was taken. A callback of a closed connection may never come, so the signal ends the wait too. */
async function taken(step: Promise<void>, { signal, stallTimeoutMs, stalls }: WriteAnswerOptions): Promise<void> {
  signal.throwIfAborted();
  stalls(true);
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StalledClientError(stallTimeoutMs)), stallTimeoutMs);
    onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([step, ended]);
    stalls(false);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
