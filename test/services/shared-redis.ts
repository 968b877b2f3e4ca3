/** The Redis that serves the whole run, as one test file uses it. */
import { inject } from 'vitest';
import type {} from './provided.ts';

/** Why there is no Redis in this run; undefined when there is one. */
export function sharedRedisMissing(): string | undefined {
  const provided = inject('redis');
  return 'missing' in provided ? provided.missing : undefined;
}

/** Its address, `redis://HOST:PORT`. Whoever uses it has keys with a prefix of its own. */
export function sharedRedisUrl(): string {
  const provided = inject('redis');
  if ('missing' in provided) throw new Error(provided.missing);
  return provided.addresses[0]!;
}
