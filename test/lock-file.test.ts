/** What is installed is what was looked at: the lock file says of every package what its content is. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectFile } from '../core/project-files.ts';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const { packages } = JSON.parse(readFileSync(projectFile('package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
/** Engines of other platforms, whose packages could not be had where the lock file was written. Never installed on Linux x64. */
const unavailable = ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu'].map((name) => `node_modules/@chdb/lib-${name}`);

it('has the checksum of every package', () => {
  const locked = Object.entries(packages).filter(([path, { link }]) => path !== '' && link !== true);
  expect(locked.length).toBeGreaterThan(300);
  const without = locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
  expect(without.map(([path]) => path)).toEqual(unavailable);
  for (const [path, { optional, os, cpu }] of without) {
    expect(optional, path).toBe(true);
    expect(os?.includes('linux') === true && cpu?.includes('x64') === true, path).toBe(false);
  }
});

it('names no registry: that is a setting of whoever installs', () => {
  for (const [path, { resolved }] of Object.entries(packages)) expect(resolved, path).toBeUndefined();
});
