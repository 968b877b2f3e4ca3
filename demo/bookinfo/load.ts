import type { Child } from '../child.ts';

/** Requests to send. */
export interface LoadOptions {
  /** Number of the first one. */
  readonly first: number;
  readonly requests: number;
  readonly inFlight: number;
  /** Sent not faster than this, one at a time. */
  readonly perSecond?: number;
}

const longestRequestSeconds = '60';

/** What curl is called with to ask for URL/FIRST and the following ones. It goes on after a request that failed. */
export function curlArguments(url: string, { first, requests, inFlight, perSecond }: LoadOptions): readonly string[] {
  const quiet = ['--silent', '--no-progress-meter', '--show-error', '--output', '/dev/null'];
  const options = [...quiet, '--fail', '--max-time', longestRequestSeconds];
  const parallel = inFlight === 1 ? [] : ['--parallel', '--parallel-immediate', '--parallel-max', String(inFlight)];
  const paced = perSecond === undefined ? [] : ['--rate', `${perSecond}/s`];
  return [...options, ...parallel, ...paced, `${url}/[${first}-${first + requests - 1}]`];
}

/** Resolves when curl has ended: with a sentence when a request was not answered. */
export async function loadFailure(load: Child): Promise<string | undefined> {
  const code = await load.ended;
  // Its exit code is that of the last request alone; it writes about each that failed, and nothing else.
  const log = load.logEnd();
  if (code === 0 && log === '') return undefined;
  return `Not every request was answered: curl ended with ${code}${log === '' ? '.' : `: ${log}`}`;
}
