import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian and others keep servers that are not on an ordinary user's path. */
const furtherFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** Full path of the first of these programs that is installed. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(':').filter(Boolean),
    ...furtherFolders,
    ...postgresqlFolders(),
  ];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian keeps each major version's programs in a folder of its own. */
function postgresqlFolders(): readonly string[] {
  try {
    const versions = readdirSync('/usr/lib/postgresql').sort((left, right) => Number(right) - Number(left));
    return versions.map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}
