/** Recognising CPython in files. Real interpreters are in native/capture-python.test.ts. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNative } from '../load.ts';

const find = (file: Buffer): ReturnType<ReturnType<typeof loadNative>['findPython']> => loadNative().findPython(file);

describe('a file', () => {
  let folder = '';
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'spanloom-python-files-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  let built = 0;
  /** Compiles a program, or a shared library. */
  const build = (source: string, args: readonly string[] = []): Buffer => {
    const name = join(folder, `file-${built++}`);
    writeFileSync(`${name}.c`, source);
    execFileSync('cc', ['-w', '-o', name, `${name}.c`, ...args]);
    return readFileSync(name);
  };
  const main = 'int main(void) { return 0; }';
  const runtime = (begin = '1'): string => `long _PyRuntime[512] = {${begin}};`;
  const version = (hex: string): string => `const unsigned long Py_Version = ${hex};`;
  const copy = 'void *PyContext_CopyCurrent(void) { return 0; }';
  const cookie = `0x7970677562656478`; // "xdebugpy"

  it('with CPython tells its version, exported or in its symbols', () => {
    const source = runtime() + version('0x030b02f0') + copy + main;
    const found = { version: '3.11.2', hasCopy: true, isMusl: false };
    expect(find(build(source))).toEqual(found);
    expect(find(build(source, ['-rdynamic', '-s']))).toEqual(found);
    expect(find(build(source, ['-rdynamic', '-s', '-no-pie']))).toEqual(found);
    expect(find(build(source, ['-shared', '-fPIC', '-s']))).toEqual(found);
    expect(find(build(source, ['-s']))).toBeUndefined();
    expect(find(build(runtime() + version('0x030c01f0') + main))).toEqual({
      ...found,
      version: '3.12.1',
      hasCopy: false,
    });
  });

  it('with CPython before 3.11 tells its version among its texts', () => {
    const text = (...texts: readonly string[]): Buffer =>
      build(`#include <stdio.h>\n${runtime()} int main(void) { puts("${texts.join('"); puts("')}"); }`);
    expect(find(text('3.9.18', 'python3.9'))).toMatchObject({ version: '3.9.18' });
    expect(find(text('/opt/versions/3.10.13', '/opt/versions/3.10.13/lib'))).toMatchObject({ version: '3.10.13' });
    for (const texts of [['3.9.18', '3.10.13'], ['13.9.18'], ['3.9'], ['3.9.'], ['3.9.1 '], ['3.8.18']])
      expect(find(text(...texts))).toMatchObject({
        version: '',
        problem: expect.stringContaining('version') as string,
      });
    expect(find(text('3.10.0rc2'))).toMatchObject({ version: '3.10.0rc2', problem: expect.any(String) as string });
  });

  it.each([
    ['0x030f00f0', '3.15.0'],
    ['0x030800f0', '3.8.0'],
    ['0x030e00b3', '3.14.0b3'],
    ['0x030b02c1', '3.11.2rc1'],
    ['0x040b02f0', '4.11.2'],
    ['0xffffffffffff', ''],
  ])('with a version of %s is recognised and cannot be read', (hex, name) => {
    expect(find(build(runtime() + version(hex) + main))).toMatchObject({
      version: name,
      problem: expect.stringContaining('version') as string,
    });
  });

  it('since 3.13 says at the beginning of its runtime what it is', () => {
    const with_ = (begin: string): ReturnType<typeof find> =>
      find(build(runtime(begin) + version('0x030d01f0') + main));
    expect(with_(`${cookie}, 0x030d01f0, 0`)).toEqual({ version: '3.13.1', hasCopy: false, isMusl: false });
    expect(with_(`${cookie}, 0x030d01f0, 1`)).toMatchObject({ problem: expect.stringContaining('lock') as string });
    expect(with_(`${cookie}, 0x030d02f0, 0`)).toMatchObject({ problem: expect.stringContaining('3.13.2') as string });
    expect(with_('1')).toMatchObject({ problem: expect.stringContaining('begin') as string });
    expect(find(build(`long _PyRuntime[512]; ${version('0x030d01f0')} ${main}`))).toHaveProperty('problem');
  });

  it('names the library that has CPython', () => {
    const needing = (name: string): Buffer => {
      build('int in_library;', ['-shared', '-fPIC', `-Wl,-soname,${name}`]);
      const library = join(folder, `file-${built - 1}`);
      return build(`extern int in_library; int main(void) { return in_library; }`, [library, '-s']);
    };
    expect(find(needing('libpython3.11.so.1.0'))).toEqual({ library: 'libpython3.11.so.1.0', isMusl: false });
    expect(find(needing('libpython3.14t.so.1.0'))).toEqual({ library: 'libpython3.14t.so.1.0', isMusl: false });
    for (const name of ['libpython3.so', 'libpython2.7.so.1.0', 'mylibpython3.11.so', 'libpython3.x.so'])
      expect(find(needing(name))).toBeUndefined();
  });

  it('says that it was linked with musl', () => {
    const source = runtime() + version('0x030b02f0') + main;
    expect(find(build(source, ['-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1']))).toMatchObject({ isMusl: true });
  });

  it('without CPython is none', () => {
    expect(find(build(main))).toBeUndefined();
    expect(
      find(build(`extern long _PyRuntime __attribute__((weak)); int main(void) { return !&_PyRuntime; }`)),
    ).toBeUndefined();
    expect(find(Buffer.alloc(0))).toBeUndefined();
    expect(find(readFileSync(process.execPath))).toBeUndefined();
  });

  it('may have any bytes changed, and be cut anywhere', () => {
    const whole = [
      build(runtime() + version('0x030b02f0') + copy + main, [
        '-s',
        '-rdynamic',
        '-nostdlib',
        '-Wl,-e,main',
        '-Wl,-z,noseparate-code',
      ]),
      build(runtime(`${cookie}, 0x030d01f0, 0`) + version('0x030d01f0') + main, ['-nostdlib', '-Wl,-e,main']),
    ];
    const length = Math.max(...whole.map((file) => file.length));
    // Headers are at both ends of a file.
    const position = fc.oneof(
      fc.nat(1023),
      fc.nat(length),
      fc.nat(2047).map((back) => length - back),
    );
    const changes = fc.array(fc.tuple(position, fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...whole), changes, fc.nat(2 * length), (file, changed, end) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changed) if (at >= 0 && at < bytes.length) bytes[at] = value;
        const found = find(bytes.subarray(0, end));
        expect(found === undefined || Object.keys(found).length >= 2).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
