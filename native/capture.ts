/** The types of the native addon's capture. The addon itself is loaded by native/load.ts. */
import type { RedactedValues } from './redacted-values.ts';

/** What to capture and how much memory it may take. Every bound is fixed when the programs are loaded. */
export interface CaptureOptions {
  /** Compiled BPF object. */
  readonly objectPath: string;
  /** First event id: Unix microseconds, or one more than the last id of the previous run if that is higher. */
  readonly firstEventId: number;
  /** Bytes of payload copied per message, over all its calls. Default 512, at most 4096. */
  readonly payloadBytes: number;
  /** Bytes of payload copied of each call once the message's budget is used up. Default 32. */
  readonly continuationBytes: number;
  /** Size of the BPF ring buffer in bytes, a power of two. Default 16 MiB; it counts twice in the resident memory. */
  readonly ringBytes: number;
  /** Entries of the least-recently-used map of sockets. Default 131072. */
  readonly maxSockets: number;
  /** Milliseconds between two polls of the ring buffer. Default 10. */
  readonly pollIntervalMs: number;
  /** Milliseconds for which events wait for others to make a block with; fewer where there are many. Default 100. */
  readonly batchIntervalMs: number;
  /** Blocks handed over and not yet acknowledged above which polling stops and the ring buffer fills. Default 64. */
  readonly maxUnacknowledgedBlocks: number;
  /** Read goroutines as execution contexts. Default true. */
  readonly readGoroutines: boolean;
  /** Read who waits for a goroutine's answer, too. Default true. */
  readonly readWaiters: boolean;
  /** Read contexts of CPython as execution contexts. Default true. */
  readonly readPython: boolean;
  /** Probe the function that creates contexts of CPython, so that it is known what created each. Default true. */
  readonly probePython: boolean;
  /** Trace Unix stream sockets, too. Default true. */
  readonly traceUnix: boolean;
  /** Read virtual threads of Java as execution contexts. Default true. */
  readonly readVirtualThreads: boolean;
  /** Read which thread wakes which, after it has read an answer. Default true. */
  readonly readWakes: boolean;
  /** Processes that run now and are never traced: the pipeline's own. */
  readonly excludedProcessIds: readonly number[];
  /** What may not leave the host; undefined sends payloads as they are. */
  readonly redaction: RedactionOptions | undefined;
}

/** What of a payload may not leave the host, beside the built-in rules (docs/redaction.md). */
export interface RedactionOptions {
  /** Patterns to overwrite, in RE2 syntax: with groups the groups, else the whole match. */
  readonly patterns: readonly string[];
  /** Names of header fields whose values are credentials. */
  readonly headers: readonly string[];
  /** Names of parameters in URLs whose values are credentials. */
  readonly parameters: readonly string[];
  /** Kinds of which all values are overwritten, whatever they are called. */
  readonly values: readonly RedactedValues[];
  /** Also send payloads of connections whose protocol is not recognised. */
  readonly sendUnrecognised: boolean;
}

/** One call on a socket, as redaction wants to know it. */
export interface RedactedCall {
  readonly socketId: number;
  readonly transport: 'tcp' | 'udp' | 'unix' | 'unknown';
  /** Whether the local end connected or accepted; undefined when neither was seen. */
  readonly localRole: 'client' | 'server' | undefined;
  readonly localPort: number;
  readonly remotePort: number;
  readonly direction: 'ingress' | 'egress';
  /** The direction on the socket changed. */
  readonly startsMessage: boolean;
  /** TCP sequence number of the first byte, or what counts bytes of a Unix socket; 0 where there is none. */
  readonly tcpSequence: number;
  /** Bytes the call moved, at least those of the payload. */
  readonly length: number;
}

/** What became of a payload. */
export interface RedactionOutcome {
  /** How many bytes of it may be sent. */
  readonly length: number;
  /** `redacted` of the event: pairs of offset and length. */
  readonly redacted: readonly number[];
}

/** Redacts the payloads of sockets, whose calls come in order. */
export interface PayloadRedactor {
  /** Overwrites what may not leave the host in `payload`. */
  redact(call: RedactedCall, payload: Buffer): RedactionOutcome;
  /** The socket was closed. */
  forget(socketId: number): void;
}

/** A process that appears in a block for the first time, or changed its name or start time. */
export interface SeenProcess {
  readonly processId: number;
  /** CLOCK_BOOTTIME in nanoseconds at which it started. */
  readonly startBoottimeNs: number;
  /** The kernel's name of the thread-group leader. */
  readonly name: string;
}

/**
 * Events out of the ring buffer, of one or several polls; one poll may also give several blocks. Also delivered, empty, at
 * least once a second: a heartbeat.
 */
export interface CapturedBlock {
  /** Avro-encoded items of EventBatch.events, without block count and end marker. */
  readonly events: Buffer;
  readonly eventCount: number;
  /** Highest event id in the block; 0 in an empty block. */
  readonly lastEventId: number;
  /** CLOCK_MONOTONIC in nanoseconds that time_offset_ns counts from. */
  readonly baseMonotonicNs: number;
  /**
   * All events up to base + this are in this block, an earlier one, or counted as lost. A call that blocks may come later:
   * until_offset_ns in schemas/avro/event-batch.avsc.
   */
  readonly untilOffsetNs: number;
  /** Events lost or incomplete since the previous block, by reason: Loss in schemas/avro/event-batch.avsc. */
  readonly losses: Readonly<Record<string, number>>;
  readonly processes: readonly SeenProcess[];
}

/** A program that was looked at for the first time and has execution contexts of its own. */
export interface FoundRuntime {
  readonly path: string;
  /** As the program names it: `go1.21.5`, `CPython 3.11.2`. Empty when unreadable. */
  readonly version: string;
  /** One sentence when its contexts cannot be read. */
  readonly problem?: string;
  /** One sentence when they can, and what created them cannot be known. */
  readonly probeProblem?: string;
}

/** What came of one look at the files of a process. */
export interface ProgramInspection {
  /** Files that were looked at for the first time and have probes now, or cannot be probed, with one sentence why. */
  readonly files: readonly { readonly path: string; readonly probes: number; readonly error?: string }[];
  /** Files that were not looked at: more than 16 libraries of one process, or more than is read of one user's at once. */
  readonly leftOut: number;
  /** Only when it was found just now. */
  readonly runtime?: FoundRuntime;
}

/** How far the capture is, counted since its start. */
export interface CaptureProgress {
  /** Bytes that the kernel wrote to the ring buffer, and that were read out of it. */
  readonly producedBytes: number;
  readonly consumedBytes: number;
  /** Events that the ring buffer had no room for. */
  readonly ringFull: number;
  /** Blocks handed over and not yet acknowledged. */
  readonly unacknowledgedBlocks: number;
  /** Blocks for which the receiver threw. */
  readonly failedBlocks: number;
  /** Threads that wait for a file or the memory of another process for longer than a second. */
  readonly hangingInspections: number;
}

/** A running capture. */
export interface Capture {
  /** Lets the poller hand over more blocks. */
  acknowledge(blocks: number): void;
  /**
   * Stops tracing a process: for as long as it runs, not for a later one with the same id.
   * @returns false when it runs no more, or 4096 that run are excluded already
   */
  exclude(processId: number): boolean;
  /**
   * Leaves out the processes of these control groups (v2), and of those below them, and no others any more. At most 16.
   * Groups are looked up anew, and processes that have moved since the last call are noticed.
   * @returns those that do not exist now
   */
  excludeControlGroups(paths: readonly string[]): readonly string[];
  /**
   * Finds the runtime of a process (Go), so that its execution contexts are read from now on, and those of all processes that
   * run the same file. Attaches the event-loop probe (libuv) to the executable of the process unless that was looked at before; and to its
   * libraries, if the executable was new or `withLibraries` is true. Whatever the files are, nothing waits for them but
   * what is returned.
   * @returns undefined when the process is gone, or too much of its user waits already
   */
  inspectPrograms(processId: number, withLibraries: boolean): Promise<ProgramInspection | undefined>;
  /** Also starts a thread for inspections that wait behind one that hangs. */
  progress(): CaptureProgress;
  /** What of the options this kernel refuses, a sentence each; everything else works. */
  problems(): readonly string[];
  /** Programs with their run count and run time (0 unless kernel.bpf_stats_enabled is set). */
  statistics(): readonly { readonly program: string; readonly runs: number; readonly runTimeNs: number }[];
  /** Detaches, delivers what is left in the ring buffer, frees everything. */
  stop(): Promise<void>;
}

/** What /proc tells out of the memory of a process. */
export interface ProcessMemory {
  /** Arguments, each ended by a zero byte; the first 64 KiB. */
  readonly commandLine: Buffer;
  /** Variables, likewise; the first MiB. */
  readonly environment: Buffer;
}

/** What the addon exports. */
export interface NativeCapture {
  /** Rights and kernel features that are missing, a sentence each that says what to do. Capture may work without some. */
  missingRequirements(): readonly string[];
  /**
   * Reads on another thread: a process can make that wait for ever.
   * @returns undefined when the process is gone, or too much of its user waits already
   */
  readProcessMemory(processId: number): Promise<ProcessMemory | undefined>;
  /**
   * Hardware addresses in the network namespace of a process, as text; read on another thread.
   * @returns undefined when the process is gone, or too much of its user waits already
   */
  readMacAddresses(processId: number): Promise<readonly string[] | undefined>;

  /**
   * `onBlock` must not throw: a block that it throws at counts as done.
   * @throws Error whose message says in one sentence what is missing (BTF, a capability, a kernel feature)
   */
  startCapture(options: CaptureOptions, onBlock: (block: CapturedBlock) => void): Capture;
}
