import { url as debuggerAddress } from 'node:inspector';
import { loadNative, type NativeWatchdog } from '../../native/load.ts';
import { sentenceOf } from '../output/sentence.ts';

/** Watches over the main loop until it is stopped. */
export interface Watchdog {
  /** Why there is none although it was asked for; undefined when there is. */
  readonly problem: string | undefined;
  stop(): void;
}

const longestTickMs = 1_000;
/** Looks at the loop this often within the limit. */
const ticksPerLimit = 20;

/**
 * Ends the process when its main loop has not turned for `limitMs`, because a call does not return: its supervisor
 * then starts it again, and nothing is lost. 0 never does, nor does anything while a debugger may hold the loop.
 */
export function startWatchdog(limitMs: number): Watchdog {
  const none = (problem?: string): Watchdog => ({ problem, stop: () => undefined });
  if (limitMs <= 0 || debuggerAddress() !== undefined) return none();
  const tickMs = Math.max(1, Math.min(longestTickMs, Math.floor(limitMs / ticksPerLimit)));
  let watchdog: NativeWatchdog;
  try {
    watchdog = loadNative().startWatchdog(Math.ceil(limitMs), tickMs, sentence(limitMs));
  } catch (error) {
    return none(sentenceOf(error));
  }
  const timer = setInterval(() => watchdog.beat(), tickMs).unref();
  return {
    problem: undefined,
    stop() {
      clearInterval(timer);
      watchdog.stop();
    },
  };
}

function sentence(limitMs: number): string {
  return `spanloom: The main loop has stood still for ${limitMs / 1000} s (SPANLOOM_WATCHDOG_TIMEOUT): the process ends, to be started again.\n`;
}
