import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateDirectory } from './private-directory.ts';

const nobody = 65_534;
const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.warn('skipped: folders of other users; making one needs root');

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-private-'));
  path = join(folder, 'data');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (file: string): number => statSync(file).mode & 0o7777;
const isOurs = (names: readonly string[]): boolean => names.every((name) => name === 'log');

describe('a folder for what is stored', () => {
  it('is made for this user alone, with those above it', () => {
    makePrivateDirectory(join(path, 'log'), isOurs);
    expect([modeOf(path), modeOf(join(path, 'log'))]).toEqual([0o700, 0o700]);
  });

  it('is closed to others when it was open to them and only ours is in it', () => {
    mkdirSync(join(path, 'log'), { recursive: true });
    chmodSync(path, 0o777);
    makePrivateDirectory(path, isOurs);
    expect(modeOf(path)).toBe(0o700);
  });

  it('stays as it is when other things are in it too', () => {
    mkdirSync(path);
    chmodSync(path, 0o1777);
    writeFileSync(join(path, 'of-somebody'), '');
    makePrivateDirectory(path, isOurs);
    expect(modeOf(path)).toBe(0o1777);
  });
});

describe.runIf(isRoot)('a folder is refused', () => {
  const refused = (of: string): void =>
    expect(() => makePrivateDirectory(path, isOurs)).toThrow(`${of} belongs to another user (${nobody})`);

  it('when it belongs to another user', () => {
    mkdirSync(path);
    chownSync(path, nobody, nobody);
    refused(path);
  });

  it('when it is a link that another user has made, wherever it leads', () => {
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), path);
    lchownSync(path, nobody, nobody);
    refused(path);
  });

  it('when another user has put a file of ours into it', () => {
    mkdirSync(path);
    chmodSync(path, 0o777);
    writeFileSync(join(path, 'log'), '');
    chownSync(join(path, 'log'), nobody, nobody);
    refused(join(path, 'log'));
  });
});
