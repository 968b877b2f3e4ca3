/** Recognising HotSpot by its library. Real ones are in native/capture-virtual-threads.test.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNative } from '../load.ts';
import { at, goProgram, javaLibrary, javaModuleAt, program, section } from '../testing/elf-program.ts';

const find = (file: Buffer): ReturnType<ReturnType<typeof loadNative>['findJava']> => loadNative().findJava(file);
const unreadable = { problem: expect.stringContaining('libjvm.so') as string };

describe.skipIf(process.arch !== 'x64')('a library of HotSpot', () => {
  it('says where its virtual threads are', () => {
    // Instances point behind two words of the table of methods.
    expect(find(javaLibrary())).toEqual({ module: javaModuleAt, currentThread: 0x20, threadMethods: 0x2010 });
  });

  it.each([
    'gHotSpotVMStructs',
    'gHotSpotVMStructEntryArrayStride',
    '_ZTV10JavaThread',
    '_ZN16java_lang_Thread11_tid_offsetE',
    '_ZN20SafepointSynchronize18_safepoint_counterE',
    '_ZN6Thread12_thr_currentE',
  ])('without %s is recognised and cannot be read', (name) => {
    expect(find(javaLibrary([name]))).toMatchObject(unreadable);
  });

  it('that does not reach its thread-local storage by number is recognised and cannot be read', () => {
    const file = javaLibrary();
    section(file, 3, { size: 0 });
    expect(find(file)).toMatchObject(unreadable);
  });

  it('that is not loaded from its beginning is recognised and cannot be read', () => {
    const file = javaLibrary();
    file.writeBigUInt64LE(0x100n, at.program + 8);
    // Its only function is then elsewhere in the file, and still in its code.
    expect(find(file)).toMatchObject(unreadable);
  });

  it('is not what has no virtual threads, or another file', () => {
    expect(find(javaLibrary(['JVM_VirtualThreadStart']))).toBeUndefined();
    expect(find(program('library'))).toBeUndefined();
    expect(find(goProgram('go1.21.5'))).toBeUndefined();
    expect(find(Buffer.alloc(0))).toBeUndefined();
  });

  it('may have any bytes changed, and be cut anywhere', () => {
    const whole = javaLibrary();
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(changes, fc.nat(whole.length), (changed, length) => {
        const bytes = Buffer.from(whole);
        for (const [place, value] of changed) bytes[place] = value;
        const found = find(bytes.subarray(0, length));
        expect(found === undefined || found.problem !== undefined || found.module >= 0).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
