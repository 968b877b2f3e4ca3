import type { SpanStatus } from '../../schemas/generated/span.ts';

/** First words of errors that are the server's: it, its memory, its disk or its cluster cannot serve now. */
const serverErrors: ReadonlySet<string> = new Set(
  'LOADING BUSY OOM MISCONF CLUSTERDOWN MASTERDOWN TRYAGAIN READONLY NOREPLICAS UNKILLABLE IOERR NOMASTERLINK'.split(
    ' ',
  ),
);
const abortCause = 'EXECABORT Transaction discarded because of: ';

/**
 * Whose fault an error is. The client asked the wrong node when it is sent to another one (MOVED, ASK), as with any request
 * that it has to change; a transaction was aborted by whoever refused one of its commands.
 */
export function errorStatus(text: string): SpanStatus {
  if (text.startsWith(abortCause)) return errorStatus(text.slice(abortCause.length));
  if (text.startsWith('ERR max number of clients')) return 'server_error';
  const cut = text.indexOf(' ');
  return serverErrors.has(cut < 0 ? text : text.slice(0, cut)) ? 'server_error' : 'client_error';
}
