/** The types of the native addon's capture. The addon itself is loaded by native/load.ts. */

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
  /** Processes never traced: the pipeline's own. */
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
  /** TCP sequence number of the first byte; 0 where there is none. */
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

/** What one poll of the ring buffer brought. Also delivered, empty, at least once a second: a heartbeat. */
export interface CapturedBlock {
  /** Avro-encoded items of EventBatch.events, without block count and end marker. */
  readonly events: Buffer;
  readonly eventCount: number;
  /** Highest event id in the block; 0 in an empty block. */
  readonly lastEventId: number;
  /** CLOCK_MONOTONIC in nanoseconds that time_offset_ns counts from. */
  readonly baseMonotonicNs: number;
  /**
   * All events up to base + this are in this block, an earlier one, or counted as lost; except those of writes that were
   * still blocked one poll interval later: they come when they are done, with the time at which they began.
   */
  readonly untilOffsetNs: number;
  /** Events lost since the previous block, by reason. */
  readonly losses: Readonly<Record<string, number>>;
  readonly processes: readonly SeenProcess[];
}

/** A running capture. */
export interface Capture {
  /** Lets the poller hand over more blocks. */
  acknowledge(blocks: number): void;
  /** Stops tracing a process: for as long as it runs, not for a later one with the same id. */
  exclude(processId: number): void;
  /**
   * Attaches the event-loop probe (libuv) to a binary or shared library, for every process that runs it, now or later.
   * Cheap to repeat: a file that was looked at before is not looked at again.
   * @returns number of probes attached; 0 when it has no such symbols
   * @throws Error that says in one sentence why the file cannot be probed
   */
  attachLoopProbes(path: string): number;
  /** Programs with their run count and run time (0 unless kernel.bpf_stats_enabled is set). */
  statistics(): readonly { readonly program: string; readonly runs: number; readonly runTimeNs: number }[];
  /** Detaches, delivers what is left in the ring buffer, frees everything. */
  stop(): Promise<void>;
}

/** What the addon exports. */
export interface NativeCapture {
  /** @throws Error whose message says in one sentence what is missing (BTF, a capability, a kernel feature) */
  startCapture(options: CaptureOptions, onBlock: (block: CapturedBlock) => void): Capture;
}
