import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDirectory } from './is-directory.ts';
import { makeDirectory } from './make-directory.ts';
import { asOrdinaryUser } from './testing/ordinary-user.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-directory-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a folder that is made', () => {
  it('comes with those above it, and one that exists is taken as it is', () => {
    const path = join(folder, 'a', 'b', 'c');
    makeDirectory(path);
    makeDirectory(path);
    expect(isDirectory(path)).toBe(true);
  });

  it('is refused where the system makes none, instead of trying for ever', () => {
    expect(() => makeDirectory('/proc/spanloom/log')).toThrow(
      'The folder /proc/spanloom cannot be made: in /proc no folder can be made.',
    );
  });

  it('is refused below a file', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => makeDirectory(join(file, 'log'))).toThrow(`${file} is a file, not a folder.`);
    expect(() => makeDirectory(file)).toThrow(`${file} is a file, not a folder.`);
  });

  it('is refused where this user may not make it, or not look', async () => {
    chmodSync(folder, 0o555);
    await asOrdinaryUser(() => {
      expect(() => makeDirectory(join(folder, 'closed', 'log'))).toThrow(
        `The folder ${join(folder, 'closed')} cannot be made: in ${folder} this user may not make one.`,
      );
    });
    chmodSync(folder, 0o000);
    await asOrdinaryUser(() => {
      expect(() => makeDirectory(join(folder, 'log'))).toThrow(`${folder} may not be read by this user.`);
      expect(() => isDirectory(folder)).toThrow(`${folder} may not be read by this user.`);
    });
  });
});
