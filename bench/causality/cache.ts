import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where packages of stacks are installed and programs built. */
export function defaultCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spanloom-causality');
}
