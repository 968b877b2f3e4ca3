import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** A JDK, or what of one runs programs. */
export interface Jdk {
  readonly home: string;
  /** As its file `release` names it: 21.0.8. */
  readonly version: string;
  /** First number of the version. */
  readonly feature: number;
}

const standardFolder = '/usr/lib/jvm';

/**
 * JDKs of this machine with HotSpot, each version once, oldest first: those of JAVA_HOME, the path, and the system's folder; and
 * those of TEST_JDKS, homes with a colon between them.
 */
export function findJdks(): readonly Jdk[] {
  const { JAVA_HOME: home, PATH: path = '', TEST_JDKS: more = '' } = process.env;
  const onPath = path.split(delimiter).map((folder) => join(folder, 'java'));
  const homes = [
    ...(home === undefined ? [] : [home]),
    ...more.split(delimiter).filter((each) => each !== ''),
    ...onPath.filter((java) => existsSync(java)).map((java) => dirname(dirname(realpathSync(java)))),
    ...(existsSync(standardFolder) ? readdirSync(standardFolder).map((name) => join(standardFolder, name)) : []),
  ];
  const found = new Map<string, Jdk>();
  for (const each of homes) {
    if (!existsSync(join(each, 'lib', 'server', 'libjvm.so'))) continue;
    const version = /^JAVA_VERSION="([\d.]+)/m.exec(read(join(each, 'release')))?.[1];
    if (version !== undefined && !found.has(version))
      found.set(version, { home: each, version, feature: Number(version.split('.')[0]) });
  }
  return [...found.values()].sort((left, right) => left.feature - right.feature);
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
