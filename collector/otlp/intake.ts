/**
 * Takes requests of programs, whatever they came by: checks their spans, publishes the programs, and sends the spans as batches of the
 * source `applications`. A request is answered when the bus has stored all of its batches; until then its bytes count against
 * {@link IntakeOptions.maxBufferedBytes}, beyond which senders are told to come back. So memory is bounded, and nothing that was
 * acknowledged is lost.
 */
import type { Counters } from '../../core/stage/accounting.ts';
import { type CheckedTraces, TraceCheck } from '../../opentelemetry/check-traces.ts';
import type { Refusal } from '../../opentelemetry/check-span.ts';
import { ProtobufError } from '../../opentelemetry/protobuf-reader.ts';
import type { ReportedSpans } from '../../schemas/generated/event-batch.ts';
import { BatchSender, type CaptureLossReason } from '../capture/batch-sender.ts';
import type { SourceContext } from '../source.ts';
import type { Outcome } from './answers.ts';
import { ByteBudget } from './byte-budget.ts';
import { Reporters } from './reporters.ts';

/** Spans by what became of them. */
export type OtlpCounters = Counters<CaptureLossReason | 'own', Refusal>;

/** Options of an {@link Intake}. */
export interface IntakeOptions {
  readonly context: SourceContext;
  readonly counters: OtlpCounters;
  readonly maxBufferedBytes: number;
  readonly maxAgeMs: number;
  readonly maxProcesses: number;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

/** Spans that travel as one batch. */
interface OpenBatch {
  readonly reportedSpans: ReportedSpans[];
  bytes: number;
  spans: number;
  readonly requests: Set<Pending>;
}

/** A request that waits until it is stored. */
interface Pending {
  /** Batches that have spans of it. */
  batches: number;
  isFailed: boolean;
  readonly settle: () => void;
}

const maxBatchBytes = 1024 * 1024;
/** How far the clock of a program may be ahead of this host's. */
const maxAheadMs = 3_600_000;

/** See the top of the file. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #now: () => number;
  readonly #check = new TraceCheck();
  readonly #reporters: Reporters;
  readonly #sender: BatchSender;
  readonly #pending = new Set<Pending>();
  /** Bytes of requests, from their first one until they are stored. */
  readonly budget: ByteBudget;
  #batch: OpenBatch | undefined;
  #isStopping = false;
  #wakeStop: () => void = () => undefined;

  constructor(options: IntakeOptions) {
    const { context, counters, maxBufferedBytes, maxProcesses } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.budget = new ByteBudget(maxBufferedBytes);
    this.#reporters = new Reporters({
      agentId: context.identity.agentId,
      hostResourceId: context.hostResourceId,
      validFromNs: context.identity.bootTimeNs,
      maxProcesses,
    });
    this.#sender = new BatchSender({
      ...{ source: 'applications', name: 'otlp', context, counters },
      // Bytes are the bound here, not blocks.
      maxUnacknowledgedBlocks: Number.MAX_SAFE_INTEGER,
      acknowledge: () => undefined,
    });
  }

  get batches(): number {
    return this.#sender.batches;
  }

  /** Why no request is taken now; undefined while they are. */
  get obstacle(): string | undefined {
    return this.#isStopping ? 'The collector is ending.' : undefined;
  }

  /**
   * Takes an ExportTraceServiceRequest.
   *
   * @param sender 4 or 16 bytes, empty where it is not known
   * @returns when it is stored, or refused. Never rejects.
   */
  async receive(request: Buffer, sender: Uint8Array): Promise<Outcome> {
    if (this.#isStopping) return { kind: 'busy', message: 'The collector is ending.' };
    if (!this.budget.take(request.length))
      return { kind: 'busy', message: 'Too many spans wait for the bus; please send them again later.' };
    try {
      const nowMs = this.#now();
      const checked = this.#checked(request, nowMs);
      const isStored = await this.#send(checked, sender, nowMs);
      if (!isStored) return { kind: 'busy', message: 'The spans could not be stored; please send them again later.' };
      return { kind: 'stored', ...refusedOf(checked) };
    } catch (error) {
      if (error instanceof ProtobufError) return { kind: 'malformed', message: `This is no OTLP: ${error.message}.` };
      throw error;
    } finally {
      this.budget.giveBack(request.length);
    }
  }

  /** Takes no further requests and waits for those on their way, for no longer than `timeoutMs`. */
  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    this.#flush();
    if (this.#pending.size > 0)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wakeStop = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    for (const pending of [...this.#pending]) {
      pending.isFailed = true;
      this.#settle(pending);
    }
  }

  #checked(request: Buffer, nowMs: number): CheckedTraces {
    const { counters, maxAgeMs } = this.#options;
    const checked = this.#check.check(request, {
      earliestNs: (nowMs - maxAgeMs) * 1e6,
      latestNs: (nowMs + maxAheadMs) * 1e6,
    });
    counters.receive(checked.own);
    counters.drop('own', checked.own);
    for (const [refusal, count] of refusalsOf(checked)) {
      counters.receive(count);
      counters.reject(refusal, count);
    }
    return checked;
  }

  async #send({ resourceSpans }: CheckedTraces, sender: Uint8Array, nowMs: number): Promise<boolean> {
    if (resourceSpans.length === 0) return true;
    const { outbox } = this.#options.context;
    return new Promise((resolve) => {
      const pending: Pending = { batches: 0, isFailed: false, settle: () => resolve(!pending.isFailed) };
      this.#pending.add(pending);
      for (const { bytes, spans, resource } of resourceSpans) {
        const published = this.#reporters.hear(resource, nowMs);
        if (published.length > 0) outbox.put(published);
        const batch = this.#batchFor(bytes.length);
        batch.reportedSpans.push({ senderAddress: sender, resourceSpans: bytes });
        batch.bytes += bytes.length;
        batch.spans += spans;
        if (!batch.requests.has(pending)) {
          batch.requests.add(pending);
          pending.batches++;
        }
      }
    });
  }

  /** The batch that is open, with room for so many bytes; requests of one turn of the event loop share it. */
  #batchFor(bytes: number): OpenBatch {
    if (this.#batch !== undefined && this.#batch.bytes + bytes > maxBatchBytes) this.#flush();
    if (this.#batch === undefined) {
      this.#batch = { reportedSpans: [], bytes: 0, spans: 0, requests: new Set() };
      setImmediate(() => this.#flush());
    }
    return this.#batch;
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = undefined;
    if (batch === undefined) return;
    this.#sender.receive(batch.spans, {});
    this.#sender.send({
      ...{ records: batch.spans, captured: {}, losses: {}, lastId: 0, processes: [], interfaces: [] },
      baseMonotonicNs: Number(process.hrtime.bigint()),
      untilOffsetNs: 0,
      reportedSpans: batch.reportedSpans,
      done: (isStored) => {
        for (const pending of batch.requests) {
          if (!isStored) pending.isFailed = true;
          if (--pending.batches === 0) this.#settle(pending);
        }
      },
    });
  }

  #settle(pending: Pending): void {
    this.#pending.delete(pending);
    pending.settle();
    if (this.#pending.size === 0) this.#wakeStop();
  }
}

const refusalsOf = ({ refused }: CheckedTraces): readonly [Refusal, number][] =>
  (Object.entries(refused) as [Refusal, number][]).filter(([, count]) => count > 0);

function refusedOf(checked: CheckedTraces): { readonly refused: number; readonly message: string } {
  const refused = refusalsOf(checked).reduce((sum, [, count]) => sum + count, 0);
  const more = refused > checked.problems.length ? '; …' : '';
  return { refused, message: refused === 0 ? '' : `${checked.problems.join('; ')}${more}` };
}
