import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadNative } from './load.ts';
import { at, functionAt, header, names, program, section, sectionCountAt } from './testing/elf-program.ts';

const find = (file: Buffer, name = 'uv__run_timers'): number | undefined => loadNative().findFunction(file, name);

describe('the function of an ELF file', () => {
  it.each(['executable', 'library'] as const)('is found in an %s', (type) => {
    expect(find(program(type))).toBe(functionAt);
    expect(find(program(type), 'timers')).toBeUndefined();
    expect(find(program(type), 'uv__run_timer')).toBeUndefined();
  });

  it('is found in .dynsym too, and by a name that is the end of a longer one', () => {
    const file = section(program(), 1, { type: 11 });
    expect(find(file)).toBe(functionAt);
    file.writeUInt32LE(5, at.symbols + 24);
    expect(find(file, 'run_timers')).toBe(functionAt);
  });

  it('is found where the counts stand in the first section header', () => {
    const file = section(program(), 0, { size: 3, info: 1 });
    file.writeUInt16LE(0, sectionCountAt);
    file.writeUInt16LE(0xffff, header.programCount);
    expect(find(file)).toBe(functionAt);
  });

  it('is found behind a table of names that is larger than what is read at once', () => {
    for (const length of [65_000, 65_520, 65_530, 131_000, 300_000]) {
      const longer = Buffer.concat([program(), Buffer.alloc(length, 'x'), Buffer.from(names, 'latin1')]);
      section(longer, 2, { offset: program().length, size: length + names.length });
      longer.writeUInt32LE(length + 1, at.symbols + 24);
      expect(find(longer)).toBe(functionAt);
    }
  });

  const huge = 2n ** 64n - 1n;
  it.each<[string, (file: Buffer) => unknown]>([
    ['symbols of no size', (file) => section(file, 1, { entrySize: 0 })],
    ['symbols of another size', (file) => section(file, 1, { entrySize: 23 })],
    ['names in a section that there is none of', (file) => section(file, 1, { link: 0xffffffff })],
    ['names that are no strings', (file) => section(file, 1, { link: 1 })],
    ['symbols beyond the end', (file) => section(file, 1, { offset: huge })],
    ['names beyond the end', (file) => section(file, 2, { offset: huge - 5n, size: huge })],
    ['sections beyond the end', (file) => file.writeBigUInt64LE(huge - 63n, header.sections)],
    ['segments beyond the end', (file) => file.writeBigUInt64LE(huge, header.programs)],
    ['an address outside of all segments', (file) => file.writeBigUInt64LE(huge, at.symbols + 32)],
    ['a segment that wraps around', (file) => file.writeBigUInt64LE(huge, at.program + 8)],
    ['a segment without code', (file) => file.writeUInt32LE(4, at.program + 4)],
    ['another machine', (file) => file.writeUInt16LE(2, header.machine)],
    ['32 bits', (file) => file.writeUInt8(1, 4)],
    ['an object that is no program', (file) => file.writeUInt16LE(1, header.type)],
    ['a symbol that is no function', (file) => file.writeUInt8(1, at.symbols + 28)],
    ['a function of another file', (file) => file.writeUInt16LE(0, at.symbols + 30)],
  ])('is not found in a file with %s', (_, spoil) => {
    const file = program();
    spoil(file);
    expect(find(file)).toBeUndefined();
  });

  it('is found although sizes are larger than the file', () => {
    expect(find(section(section(program(), 1, { size: huge }), 2, { size: huge }))).toBe(functionAt);
    const file = section(program(), 0, { size: huge });
    file.writeUInt16LE(0, sectionCountAt);
    expect(find(file)).toBe(functionAt);
  });

  it('is looked for in any bytes without an end to the process', () => {
    for (let length = 0; length < program().length; length++) find(program().subarray(0, length));
    const change = fc.record({ at: fc.nat(program().length - 1), value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const file = program();
        for (const { at: position, value } of changes) file.writeUInt8(value, position);
        const found = find(file);
        expect(found === undefined || found >= 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
