import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutputFile } from './output-file.ts';
import { asOrdinaryUser } from './testing/ordinary-user.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanloom-output-'));
  path = join(folder, 'traces.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that is written', () => {
  it('replaces the one before when it is kept, and not earlier', async () => {
    writeFileSync(path, 'before', { mode: 0o600 });
    const output = await openOutputFile(path);
    await output.write('after');
    expect(readFileSync(path, 'utf8')).toBe('before');
    await output.keep();
    await output.close();
    expect(readFileSync(path, 'utf8')).toBe('after');
    expect(readdirSync(folder)).toEqual(['traces.json']);
  });

  it('is for this user alone, also when the one before was for all', async () => {
    writeFileSync(path, 'before', { mode: 0o644 });
    const output = await openOutputFile(path);
    await output.keep();
    await output.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing when it is not kept', async () => {
    const output = await openOutputFile(path);
    await output.write('half');
    await output.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is the one that a link points to', async () => {
    const link = join(folder, 'link');
    writeFileSync(path, 'before');
    symlinkSync(path, link);
    const output = await openOutputFile(link);
    await output.write('after');
    await output.keep();
    await output.close();
    expect(readFileSync(path, 'utf8')).toBe('after');
    expect(readFileSync(link, 'utf8')).toBe('after');
  });

  it('may be a device, which stays one', async () => {
    const output = await openOutputFile('/dev/null');
    await output.write('text');
    await output.keep();
    await output.sync();
    await output.close();
    expect(readFileSync('/dev/null', 'utf8')).toBe('');
  });

  it('is refused at once, with what stands in its way', async () => {
    const missing = join(folder, 'reports');
    await expect(openOutputFile(join(missing, 'may', 'x.json'))).rejects.toThrow(
      `${missing}/may/x.json cannot be written: the folder ${missing} does not exist.`,
    );
    await expect(openOutputFile(folder)).rejects.toThrow(`${folder} is a folder, not a file.`);
    await expect(openOutputFile(`${missing}/`)).rejects.toThrow(`${missing}/ is the name of a folder, not of a file.`);
    writeFileSync(path, '');
    await expect(openOutputFile(join(path, 'x'))).rejects.toThrow(`${path} is a file, not a folder.`);
    await expect(openOutputFile(join(folder, 'x'.repeat(300)))).rejects.toThrow('is too long for a file');
    await expect(openOutputFile('/proc/x.json')).rejects.toThrow('/proc/x.json cannot be written');
    expect(existsSync(missing)).toBe(false);
  });

  it('is refused where this user may not make one, or not change the one that is there', async () => {
    writeFileSync(path, 'protected', { mode: 0o444 });
    chmodSync(folder, 0o777);
    await asOrdinaryUser(() =>
      expect(openOutputFile(path)).rejects.toThrow(`${path} may not be written by this user.`),
    );
    chmodSync(folder, 0o555);
    const other = join(folder, 'other');
    await asOrdinaryUser(() =>
      expect(openOutputFile(other)).rejects.toThrow(
        `${other} cannot be written: this user may not make files in ${folder}.`,
      ),
    );
    chmodSync(folder, 0o755);
    expect(readFileSync(path, 'utf8')).toBe('protected');
  });
});
