import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeCapture, PayloadRedactor, RedactionOptions } from './capture.ts';
import type { FlowReader, FrameReader } from './packets/capture-files.ts';
import type { FlowOptions } from './packets/flow-blocks.ts';
import type { NativePacketCapture } from './packets/packet-capture.ts';

/** What one kernel program did when it was tried by itself. */
export interface ProgramCheck {
  readonly name: string;
  readonly loaded: boolean;
  readonly attached: boolean;
  /** One sentence; absent when all went well. */
  readonly error?: string;
}

/** What the running kernel makes of the kernel programs. */
export interface KernelCheck {
  readonly programs: readonly ProgramCheck[];
  /** Rights and kernel features that are missing, a sentence each that says what to do. */
  readonly missing: readonly string[];
}

/** Byte offsets by `structure.field`, sizes by `structure`. */
export type Layout = Readonly<Record<string, number>>;

/** A thread that watches over the main thread. */
export interface NativeWatchdog {
  /** The main thread is alive. */
  beat(): void;
  stop(): void;
}

/** Everything the addon exports: the capture, and entries for checks and tests. */
export interface NativeAddon extends NativeCapture, NativePacketCapture {
  checkKernel(objectPath: string, loopPath: string): KernelCheck;
  /** Encodes records as they lie in the ring buffer, one after the other. The reference is native/testing/encode-reference.ts. */
  encodeEvents(records: Buffer, baseMonotonicNs: number): Buffer;
  /** Offset of a function in the bytes of an ELF file, by the reader that loop probes use; undefined when it has none. */
  findFunction(file: Buffer, name: string): number | undefined;
  /**
   * What is known of a program of Go from the bytes of its file; undefined when it is none. `distance`: from the thread
   * pointer to the pointer to the goroutine, in bytes (0 on arm64). Without it goroutines cannot be read, and `problem` says why.
   */
  findGo(file: Buffer): { readonly version: string; readonly distance?: number; readonly problem?: string } | undefined;
  /**
   * What is known of CPython from the bytes of a file; undefined when it has none and needs none. Only `library`: it is in the
   * shared library of this name. `hasCopy`: the function is exported by which contexts are created.
   */
  findPython(
    file: Buffer,
  ):
    | { readonly library: string; readonly isMusl: boolean }
    | { readonly version: string; readonly hasCopy: boolean; readonly isMusl: boolean; readonly problem?: string }
    | undefined;
  /**
   * What is known of HotSpot from the bytes of its libjvm.so; undefined when it is none, or has no virtual threads. Addresses are
   * the file's, `currentThread` is an offset in its thread-local storage. With `problem` virtual threads cannot be read.
   */
  findJava(file: Buffer):
    | {
        readonly module: number;
        readonly currentThread: number;
        readonly threadMethods: number;
        readonly problem?: string;
      }
    | undefined;
  /**
   * A redactor by itself.
   * @throws Error with one sentence when a pattern is not valid
   */
  createRedactor(options: RedactionOptions): PayloadRedactor;
  /** Reads the frames of a capture file. */
  createFrameReader(): FrameReader;
  /**
   * Follows the flows in a capture file.
   * @throws Error with one sentence when a pattern of redaction is not valid
   */
  createFlowReader(options: FlowOptions): FlowReader;
  /**
   * Asks the kernel to take the pages of a mapped file out of this process's memory, without a change to what is mapped.
   * @returns bytes of its mappings; 0 when it is not mapped
   */
  pageOutFile(path: string): number;
  /** Gives freed memory of the C library's heap back to the kernel; true when there was some. */
  trimHeap(): boolean;
  /**
   * Starts a thread that says `sentence` on standard error and ends the process when `beat` was not called for `limitMs`.
   * It counts ticks of its own, so that a process that was stopped, or a machine that slept, is not taken for one that hangs.
   */
  startWatchdog(limitMs: number, tickMs: number, sentence: string): NativeWatchdog;
  /**
   * Ends the process without waiting for any of its threads. `process.exit()` waits for those that work for libuv, and one
   * that waits for the main thread in turn, as a transaction of LMDB does for its callback, never ends.
   */
  endAtOnce(code: number): never;
  /** The layout of bpf/event.h as the C++ compiler made it and as the BPF object tells it. */
  layouts(objectPath: string): { readonly compiled: Layout; readonly object: Layout };
}

/** The package's root: this file runs as native/load.ts and, compiled, as dist/native/load.js. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Where `npm run build:bpf` leaves the compiled kernel programs. */
export const capturePrograms: string = join(packageRoot(), 'bpf', 'build', 'capture.bpf.o');

/** Where `npm run build:native` leaves the addon. */
export const addonPath: string = join(packageRoot(), 'native', 'build', 'Release', 'spanloom_capture.node');

/**
 * Loads the native addon.
 * @throws Error that names the build command when it has not been built; whatever else goes wrong is passed on
 */
export function loadNative(): NativeAddon {
  if (!existsSync(addonPath)) throw new Error('The native addon has not been built: run `npm run build:native`.');
  const require = createRequire(import.meta.url);
  return require(addonPath) as NativeAddon;
}
