import type { Settings } from '../settings.ts';
import { say } from './demonstration.ts';

/** Prints where the page is, and how to query more traces while the demo runs. */
export function printHowToQuery(settings: Settings, folder: string, port: number): void {
  const usual = settings.query.port === port ? '' : `SPANLOOM_QUERY_PORT=${port} `;
  const command = `${usual}SPANLOOM_DATA_DIR=${folder} npx spanloom`;
  say(`
The page: http://${settings.query.host}:${port}/

In another terminal, until Ctrl-C ends this:
  ${command} traces --slowest
  ${command} trace <id>
  curl -s 'http://${settings.query.host}:${port}/api/traces?sort=slowest'`);
}

/** Resolves when the signal fires. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
