import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, type Child } from '../child.ts';
import { podEnvironment } from '../cluster.ts';
import { projectFile } from '../../core/project-files.ts';
import { giveToUnprivileged, unprivileged } from '../unprivileged.ts';

/** Where the demo keeps what a run needs, and which port a server of it gets. */
export interface StorePlace {
  /** Folder of the run. */
  readonly folder: string;
  readonly port: number;
}

/** Makes a folder of its own for a database server. */
export function storeFolder(place: StorePlace, name: string): string {
  const folder = join(place.folder, name);
  mkdirSync(folder, { recursive: true });
  giveToUnprivileged(folder);
  return folder;
}

/** Starts a database server that knows nothing of its parent, without root's rights, and ends it with this process. */
export function startStore(name: string, place: StorePlace, program: string, args: readonly string[]): Promise<Child> {
  const server = unprivileged(program, args);
  const keeper = projectFile('demo', 'services', 'keeper.mjs');
  return startChild({
    name,
    command: process.execPath,
    args: [keeper, server.command, ...server.args],
    environment: podEnvironment(name),
    port: place.port,
    logPath: join(place.folder, `${name}.log`),
  });
}
