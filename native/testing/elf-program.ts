/** A small ELF file with one function, for tests and as a seed of fuzzing. */

/** Offsets of fields of a section header, and of the file's header: elf(5). */
const sectionBytes = 64;
const field = { type: 4, address: 16, offset: 24, size: 32, link: 40, info: 44, entrySize: 56 } as const;
export const header = {
  type: 16,
  machine: 18,
  programs: 32,
  sections: 40,
  programBytes: 54,
  programCount: 56,
} as const;
export const sectionCountAt = 60;

export const names = '\0uv__run_timers\0other\0';
export const at = { program: 64, symbols: 256, strings: 512, sections: 640 } as const;
/** The code is loaded at this address from the file's beginning. */
const base = 0x400000;
export const functionAt = 0x123;

/** A small executable with one function: no code, but all that the reader looks at. */
export function program(type: 'executable' | 'library' = 'executable'): Buffer {
  const file = Buffer.alloc(at.sections + 4 * sectionBytes);
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  file.writeUInt16LE(type === 'executable' ? 2 : 3, header.type);
  file.writeUInt16LE(process.arch === 'arm64' ? 183 : 62, header.machine);
  file.writeBigUInt64LE(BigInt(at.program), header.programs);
  file.writeBigUInt64LE(BigInt(at.sections), header.sections);
  file.writeUInt16LE(56, header.programBytes);
  file.writeUInt16LE(1, header.programCount);
  file.writeUInt16LE(sectionBytes, 58);
  file.writeUInt16LE(3, sectionCountAt);
  // One segment: type PT_LOAD, flags r-x, offset 0, address, size in the file.
  file.writeUInt32LE(1, at.program);
  file.writeUInt32LE(5, at.program + 4);
  file.writeBigUInt64LE(BigInt(base), at.program + 16);
  file.writeBigUInt64LE(0x1000n, at.program + 32);
  // Two symbols: the empty one, and a local function.
  file.writeUInt32LE(1, at.symbols + 24);
  file.writeUInt8(2, at.symbols + 28);
  file.writeUInt16LE(1, at.symbols + 30);
  file.writeBigUInt64LE(BigInt(base + functionAt), at.symbols + 32);
  file.write(names, at.strings, 'latin1');
  section(file, 1, { type: 2, offset: at.symbols, size: 48, link: 2, entrySize: 24 });
  section(file, 2, { type: 3, offset: at.strings, size: names.length });
  return file;
}

export function section(
  file: Buffer,
  index: number,
  values: Partial<Record<keyof typeof field, number | bigint>>,
): Buffer {
  for (const [name, value] of Object.entries(values)) {
    const position = at.sections + index * sectionBytes + field[name as keyof typeof field];
    if (['type', 'link', 'info'].includes(name)) file.writeUInt32LE(Number(value), position);
    else file.writeBigUInt64LE(BigInt(value), position);
  }
  return file;
}

/** Where the build information of {@link goProgram} is. */
export const buildInfoAt = 0x200;

/**
 * A program of Go as its reader sees it, without sections: a segment that can be written, which begins with the build
 * information (debug/buildinfo). Go before 1.18 kept a pointer to the version there.
 */
export function goProgram(version: string, format: 'inline' | 'pointer' = 'inline'): Buffer {
  const file = Buffer.alloc(buildInfoAt + 512);
  program().copy(file, 0, 0, at.program);
  file.writeBigUInt64LE(0n, header.sections);
  file.writeUInt16LE(0, sectionCountAt);
  file.writeUInt32LE(1, at.program);
  file.writeUInt32LE(6, at.program + 4);
  file.writeBigUInt64LE(BigInt(buildInfoAt), at.program + 8);
  file.writeBigUInt64LE(BigInt(base), at.program + 16);
  file.writeBigUInt64LE(512n, at.program + 32);
  file.write('\xff Go buildinf:', buildInfoAt, 'latin1');
  file.writeUInt8(8, buildInfoAt + 14);
  if (format === 'inline') {
    file.writeUInt8(2, buildInfoAt + 15);
    file.writeUInt8(version.length, buildInfoAt + 32);
    file.write(version, buildInfoAt + 33, 'latin1');
    return file;
  }
  // A pointer to a string: a pointer to its bytes, and how many there are.
  file.writeBigUInt64LE(BigInt(base + 64), buildInfoAt + 16);
  file.writeBigUInt64LE(BigInt(base + 96), buildInfoAt + 64);
  file.writeBigUInt64LE(BigInt(version.length), buildInfoAt + 72);
  file.write(version, buildInfoAt + 96, 'latin1');
  return file;
}

/** What {@link javaLibrary} has for each name: its type of symbol, and its value. */
const javaSymbols: readonly (readonly [name: string, type: number, value: number])[] = [
  ['JVM_VirtualThreadStart', 2, base + functionAt],
  ['gHotSpotVMStructs', 1, 0x1000],
  ...['TypeNameOffset', 'FieldNameOffset', 'IsStaticOffset', 'OffsetOffset', 'AddressOffset', 'ArrayStride'].map(
    (part, index) => [`gHotSpotVMStructEntry${part}`, 1, 0x1010 + 8 * index] as const,
  ),
  ['_ZTV10JavaThread', 1, 0x2000],
  ['_ZN16java_lang_Thread11_tid_offsetE', 1, 0x3000],
  ['_ZN16java_lang_Thread13_eetop_offsetE', 1, 0x3004],
  ['_ZN20SafepointSynchronize18_safepoint_counterE', 1, 0x3008],
  ['_ZN6Thread12_thr_currentE', 6, 0x20],
];

/** Where {@link javaLibrary} asks for the number of its thread-local storage. */
export const javaModuleAt = 0x4000;

/** A libjvm.so as its reader sees it. `without`: names that it does not have. */
export function javaLibrary(without: readonly string[] = []): Buffer {
  const symbols = javaSymbols.filter(([name]) => !without.includes(name));
  const text = `\0${symbols.map(([name]) => `${name}\0`).join('')}`;
  const table = Buffer.alloc(24 * (symbols.length + 1));
  symbols.forEach(([name, type, value], index) => {
    const place = 24 * (index + 1);
    table.writeUInt32LE(text.indexOf(`\0${name}\0`) + 1, place);
    table.writeUInt8(type, place + 4);
    table.writeUInt16LE(1, place + 6);
    table.writeBigUInt64LE(BigInt(value), place + 8);
  });
  const relocation = Buffer.alloc(24);
  relocation.writeBigUInt64LE(BigInt(javaModuleAt), 0);
  // R_X86_64_DTPMOD64 of no symbol.
  relocation.writeBigUInt64LE(16n, 8);
  const file = program('library');
  const size = file.length;
  file.writeUInt16LE(4, sectionCountAt);
  section(file, 1, { type: 2, offset: size, size: table.length, link: 2, entrySize: 24 });
  section(file, 2, { type: 3, offset: size + table.length, size: text.length });
  section(file, 3, { type: 4, offset: size + table.length + text.length, size: 24, entrySize: 24 });
  return Buffer.concat([file, table, Buffer.from(text, 'latin1'), relocation]);
}
