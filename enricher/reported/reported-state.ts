/**
 * Makes a span of each span that an application reported. Nothing is paired and nothing is open: a span comes whole, so there is
 * no state. Bounds: bytes of one span, and of all spans of one batch, since each carries the resource that its program sent
 * once for many.
 */
import { reportedProcess } from '../../core/agents/reported-process.ts';
import type { Counters } from '../../core/stage/accounting.ts';
import { addressOfText } from '../../opentelemetry/address-bytes.ts';
import { ReportedSpanReader } from '../../opentelemetry/reported-span.ts';
import type { EventBatch } from '../../schemas/generated/event-batch.ts';
import { latestTimeNs } from '../batch-bounds.ts';
import type { DropReason, EnricherRejectReason } from '../outcomes.ts';
import type { BatchClock } from '../pair/event-ref.ts';
import type { SourceState } from '../source-state.ts';
import { addressKey, isLoopback } from '../tag/address.ts';
import type { LocalMemo, Reporter, Tagger } from '../tag/tagger.ts';
import type { TaggedRecord } from '../tag/waiting-records.ts';
import { type ReportedFacts, reportedFacts, spanOf } from './reported-span-facts.ts';

/** Bytes of one span with its resource and scope; real ones have one or two thousand. */
const maxSpanBytes = 256 * 1024;
/** Bytes of all spans that are made of one batch. */
const maxBatchBytes = 64 * 1024 * 1024;
const maxPodUidCharacters = 128;
const noAddress: Uint8Array = Buffer.alloc(0);
/** Of all agents: it is busy within a call only. */
const reader = new ReportedSpanReader();

/** What all spans of one message have in common. */
interface Program {
  readonly reporter: Reporter;
  /** Its own address where a span does not say it. */
  readonly address: Uint8Array;
  /** Of its end as a client, and as a server at the port that was seen last. */
  readonly asClient: LocalMemo;
  asServer: LocalMemo;
  serverPort: number;
}

/** State of the source `applications`; see the top of the file. */
export class ReportedState implements SourceState {
  readonly #agentId: number;
  readonly #tagger: Tagger;
  readonly #counters: Counters<DropReason, EnricherRejectReason>;
  readonly #emit: (tagged: TaggedRecord) => void;

  /** @param emit receives the spans */
  constructor(
    agentId: number,
    tagger: Tagger,
    counters: Counters<DropReason, EnricherRejectReason>,
    emit: (tagged: TaggedRecord) => void,
  ) {
    this.#agentId = agentId;
    this.#tagger = tagger;
    this.#counters = counters;
    this.#emit = emit;
  }

  process({ processes, reportedSpans }: EventBatch, { offset }: BatchClock, acceptedMs: number): void {
    this.#tagger.learn(processes);
    const latestNs = latestTimeNs(acceptedMs);
    let leftBytes = maxBatchBytes;
    for (const { senderAddress, resourceSpans } of reportedSpans) {
      let program: Program | undefined;
      reader.read(resourceSpans, {
        take: () => {
          const facts = reportedFacts(reader, latestNs);
          if (facts === undefined) {
            this.#counters.drop('span_out_of_range');
            return;
          }
          const { copiedBytes } = reader;
          if (copiedBytes > Math.min(maxSpanBytes, leftBytes)) {
            this.#counters.drop('span_too_large');
            return;
          }
          leftBytes -= copiedBytes;
          this.#take(facts, (program ??= this.#programOf(senderAddress)), offset);
        },
        refuse: () => {
          this.#counters.drop('span_unreadable');
        },
      });
    }
  }

  lost(): void {
    // A span that is missing changes nothing of the others.
  }

  readonly size = 0;

  shrink(): void {
    // There is nothing to forget.
  }

  #take(facts: ReportedFacts, program: Program, offset: number): void {
    const { isServer, own, peer, startTimeNs, request } = facts;
    const { reporter } = program;
    if (isServer && own.port !== program.serverPort) {
      program.asServer = { local: undefined };
      program.serverPort = own.port;
    }
    const question = {
      processId: undefined,
      reporter,
      // Services have no ports of an unknown transport.
      transport: request.transport === 'unknown' ? 'tcp' : request.transport,
      isServer,
      localAddress: own.address.length > 0 ? own.address : program.address,
      localPort: own.port,
      remoteAddress: peer.address,
      remotePort: peer.port,
      timeNs: startTimeNs,
      memo: isServer ? program.asServer : program.asClient,
    } as const;
    const sides = this.#tagger.tag(question);
    const record = spanOf(reader, facts, sides, this.#agentId);
    this.#emit({ kind: 'span', record, question, sides, events: 1, offset });
  }

  #programOf(senderAddress: Uint8Array): Program {
    const { resource } = reader;
    const podUid = resource.get('k8s.pod.uid') ?? '';
    const podAddress = addressOfText(resource.get('k8s.pod.ip') ?? '');
    const senderKey = addressKey(senderAddress);
    const isSenderKnown = senderKey !== undefined && !isLoopback(senderKey);
    // Copied: a span that waits must not keep its batch.
    const sender: Uint8Array = senderKey === undefined ? noAddress : Buffer.from(senderAddress);
    return {
      reporter: {
        podUid: podUid.length > maxPodUidCharacters ? '' : podUid,
        podAddress,
        senderAddress: sender,
        processResourceId: reportedProcess(this.#agentId, resource).id,
      },
      address: podAddress.length > 0 ? podAddress : isSenderKnown ? sender : noAddress,
      asClient: { local: undefined },
      asServer: { local: undefined },
      serverPort: 0,
    };
  }
}
