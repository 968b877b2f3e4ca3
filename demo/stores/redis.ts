import type { Child } from '../child.ts';
import { findProgram } from '../find-program.ts';
import { startStore, storeFolder, type StorePlace } from './store.ts';

/** Starts a Redis server that keeps nothing on disk; undefined when none is installed. */
export async function startRedis(place: StorePlace): Promise<Child | undefined> {
  const program = findProgram('redis-server', 'valkey-server');
  if (program === undefined) return undefined;
  const folder = storeFolder(place, 'redis');
  const settings = { bind: '127.0.0.1', port: String(place.port), dir: folder, save: '', appendonly: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  try {
    // A title written over its environment would hide which pod it says it is.
    return await startStore('redis', place, program, [...args, '--set-proc-title', 'no']);
  } catch {
    // Before 6.2 it knows no such setting.
    return startStore('redis', place, program, args);
  }
}
