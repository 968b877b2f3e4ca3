/** Recognising programs of Go. Real ones of every way to link are in native/capture-goroutines.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNative } from '../load.ts';
import { buildInfoAt, goProgram, program } from '../testing/elf-program.ts';

const find = (file: Buffer): ReturnType<ReturnType<typeof loadNative>['findGo']> => loadNative().findGo(file);
const distance = process.arch === 'x64' ? -8 : 0;

describe('a program of Go', () => {
  it.each(['go1.18', 'go1.21.5', 'go1.22.0 X:boringcrypto', 'go1.21.13 (Red Hat 1.21.13-3.el9_4)', 'go1.26.1-fips'])(
    'of version %s can be read',
    (version) => {
      expect(find(goProgram(version))).toEqual({ version, distance });
    },
  );

  it.each(['go1.17.13', 'go1.99', 'go1.22rc1', 'go1.23beta2', 'devel go1.23-1234567', 'go2.21', 'go1.', 'go1.21.', ''])(
    'of version "%s" is recognised and cannot be read',
    (version) => {
      expect(find(goProgram(version))).toEqual({ version, problem: expect.stringContaining('version') as string });
    },
  );

  it('from before 1.18 is recognised by its pointers', () => {
    expect(find(goProgram('go1.16.4', 'pointer'))).toMatchObject({ version: 'go1.16.4' });
  });

  it('is not what has no build information, or another program', () => {
    expect(find(program())).toBeUndefined();
    const file = goProgram('go1.21.5');
    file.writeUInt8(0, buildInfoAt);
    expect(find(file)).toBeUndefined();
    expect(find(Buffer.alloc(0))).toBeUndefined();
  });

  it('says of its version only what can be printed', () => {
    expect(find(goProgram('go1.21.5\n\x1b[2J'))?.version).toBe('go1.21.5??[2J');
  });

  it('may have any bytes changed, and be cut anywhere', () => {
    const whole = fc.constantFrom(goProgram('go1.21.5'), goProgram('go1.16.4', 'pointer'), program());
    const changes = fc.array(fc.tuple(fc.nat(1023), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(whole, changes, fc.nat(1100), (file, changed, length) => {
        const bytes = Buffer.from(file);
        for (const [at, value] of changed) if (at < bytes.length) bytes[at] = value;
        const found = find(bytes.subarray(0, length));
        expect(found === undefined || (found.distance === undefined) !== (found.problem === undefined)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
