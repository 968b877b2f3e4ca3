import type { SpanRecord } from '../spans/span-record.ts';
import { ContextTimelines } from './context-timelines.ts';
import { mayStillBeServedAt, roundingNs, wasOpenAt } from './fit.ts';
import { SharedIdIndex } from './shared-id-index.ts';
import { OneSidedTrust } from './one-sided-trust.ts';
import { PassThrough } from './pass-through.ts';
import { SortedRecords } from './sorted-records.ts';

/** Server spans examined for one call; with more, the process counts as busy. */
const openScanLimit = 4096;
/** Server spans of a process with one explicit id; with more, the id identifies none of them. */
const sharedIdLimit = 64;
/** Kinds of calls remembered as background work of one process. */
const backgroundLimit = 1000;
/** Event time after which the longest server span is measured again, in nanoseconds. */
const longestWindowNs = 150e9;

const none: readonly SpanRecord[] = [];

/** The X-Request-IDs a server span answers to: the one it received and the one it replied with. */
function requestIdsOf(server: SpanRecord): readonly string[] {
  const { xRequestIdRequest: received, xRequestIdResponse: replied } = server;
  if (received === '') return replied === '' ? [] : [replied];
  return replied === '' || replied === received ? [received] : [received, replied];
}

/** Index of the client and server spans of one process of one agent, for all lookups of causes. */
export class ProcessIndex {
  readonly contexts = new ContextTimelines();
  readonly trust = new OneSidedTrust();
  readonly passThrough = new PassThrough();
  readonly #servers = new SortedRecords('request');
  /** Those whose answer went on after its first event: how long, event ids do not show. */
  readonly #serversInParts = new SortedRecords('request');
  readonly #unansweredServers = new SortedRecords('request');
  readonly #unknownCalls = new SortedRecords('request');
  readonly #calls = new SortedRecords('request');
  readonly #serversByRequestId = new SharedIdIndex(sharedIdLimit);
  readonly #serversByTraceId = new SharedIdIndex(sharedIdLimit);
  /** By the id of a call: spans that say its response led to them. */
  readonly #continuations = new SharedIdIndex(sharedIdLimit);
  /** By the id of a call: server spans whose thread was woken by what had read its response. Hints: see likely-parents.ts. */
  readonly #woken = new SharedIdIndex(sharedIdLimit);
  /** Server spans that have not arrived, with the calls that name them. */
  readonly #awaited = new Map<string, SpanRecord[]>();
  readonly #backgroundKinds = new Set<string>();
  #longestEvents = 0;
  #longestInPartsNs = 0;
  #longestNs = 0;
  #previousLongestNs = 0;
  #longestSinceNs = 0;
  /** Spans in state. */
  size = 0;
  /** Calls during which their context did nothing else, and calls during which it did. */
  blockingCalls = 0;
  interleavedCalls = 0;

  /** Takes a span in. Returns the calls that awaited it. */
  add(record: SpanRecord, isKnown: (spanId: string) => boolean): readonly SpanRecord[] {
    this.size++;
    const calls = this.#awaited.get(record.spanId) ?? none;
    if (record.role === 'server') this.#addServer(record);
    else this.#calls.insert(record);
    this.contexts.add(record);
    for (const { kind, spanId, rule } of record.causes) {
      if (rule === 'wake') this.#woken.add(spanId, record);
      else if (kind === 'response') this.#continuations.add(spanId, record);
      else if (record.role === 'client' && !isKnown(spanId)) {
        const awaiting = this.#awaited.get(spanId);
        if (awaiting === undefined) this.#awaited.set(spanId, [record]);
        else awaiting.push(record);
      }
    }
    return calls;
  }

  #addServer(record: SpanRecord): void {
    this.#awaited.delete(record.spanId);
    for (const id of requestIdsOf(record)) this.#serversByRequestId.add(id, record);
    if (record.headerTraceId !== '') this.#serversByTraceId.add(record.headerTraceId, record);
    this.#serversLike(record).insert(record);
    if (record.responseEventId === 0) return;
    this.trust.noteReply(record);
    if (record.answersInParts) this.#longestInPartsNs = Math.max(this.#longestInPartsNs, record.durationNs);
    else this.#longestEvents = Math.max(this.#longestEvents, record.responseEventId - record.requestEventId);
    if (record.endNs - this.#longestSinceNs > longestWindowNs) {
      this.#previousLongestNs = this.#longestNs;
      this.#longestNs = 0;
      this.#longestSinceNs = record.endNs;
    }
    this.#longestNs = Math.max(this.#longestNs, record.durationNs);
  }

  #serversLike(server: SpanRecord): SortedRecords {
    if (server.responseEventId === 0) return this.#unansweredServers;
    return server.answersInParts ? this.#serversInParts : this.#servers;
  }

  /** Forgets a record that has been marked as released. */
  remove(record: SpanRecord): void {
    this.size--;
    if (record.role === 'server') {
      this.#serversLike(record).noteReleased();
      for (const id of requestIdsOf(record)) this.#serversByRequestId.remove(id);
      if (record.headerTraceId !== '') this.#serversByTraceId.remove(record.headerTraceId);
    }
    if (record.role === 'client') this.#calls.noteReleased();
    if (record.isListedUnknown) this.#unknownCalls.noteReleased();
    this.contexts.remove(record);
    for (const { kind, spanId, rule } of record.causes) {
      if (rule === 'wake') this.#woken.remove(spanId);
      else if (kind === 'response') this.#continuations.remove(spanId);
      else if (record.role === 'client') {
        const left = this.#awaited.get(spanId)?.filter((call) => call !== record);
        if (left?.length === 0) this.#awaited.delete(spanId);
        else if (left !== undefined) this.#awaited.set(spanId, left);
      }
    }
  }

  /** Server spans with this X-Request-ID that were open when the call began; undefined when too many carry it. */
  openWithRequestId(call: SpanRecord): readonly SpanRecord[] | undefined {
    return this.#serversByRequestId.get(call.xRequestIdRequest)?.filter((server) => wasOpenAt(server, call));
  }

  /** Server spans of the call's distributed trace that were open when it began; undefined when there are too many. */
  openWithTraceId(call: SpanRecord): readonly SpanRecord[] | undefined {
    return this.#serversByTraceId.get(call.headerTraceId)?.filter((server) => wasOpenAt(server, call));
  }

  /** Up to two server spans that were open when the call began, or whose client had left while they were. */
  openAt(call: SpanRecord): readonly SpanRecord[] {
    const found: SpanRecord[] = [];
    // A program does not stop when its client disconnects: the call may belong to that abandoned request.
    const lingerNs = 2 * this.longestServerNs;
    const isServed = (server: SpanRecord): boolean => mayStillBeServedAt(server, call, lingerNs);
    const oldestEventId = call.requestEventId - this.#longestEvents;
    const oldestNs = call.startNs - this.#longestInPartsNs - lingerNs - roundingNs;
    this.#collectOpen(this.#servers, call, isServed, ({ requestEventId }) => requestEventId < oldestEventId, found);
    this.#collectOpen(this.#serversInParts, call, isServed, ({ startNs }) => startNs < oldestNs, found);
    this.#collectOpen(this.#unansweredServers, call, isServed, () => false, found);
    return found;
  }

  #collectOpen(
    servers: SortedRecords,
    call: SpanRecord,
    isOpen: (server: SpanRecord) => boolean,
    isTooOld: (server: SpanRecord) => boolean,
    found: SpanRecord[],
  ): void {
    const { items } = servers;
    let looked = 0;
    for (let index = servers.indexAfter(call.requestEventId) - 1; index >= 0 && found.length < 2; index--) {
      const server = items[index]!;
      if (isTooOld(server)) return;
      if (server.released) continue;
      looked++;
      if (isOpen(server) || looked > openScanLimit) found.push(server);
    }
  }

  /** Answered server spans that were open while any of these calls, in the order of their requests, was under way. */
  answeredDuring(calls: readonly SpanRecord[]): readonly SpanRecord[] {
    const [first, last] = [calls[0]!, calls.at(-1)!];
    const fromNs = Math.min(...calls.map(({ startNs }) => startNs)) - roundingNs;
    const oldestEventId = first.requestEventId - this.#longestEvents;
    const oldestNs = fromNs - this.#longestInPartsNs;
    const found: SpanRecord[] = [];
    const collect = (servers: SortedRecords, isTooOld: (server: SpanRecord) => boolean): void => {
      const { items } = servers;
      for (let index = servers.indexAfter(last.requestEventId) - 1; index >= 0; index--) {
        const server = items[index]!;
        if (isTooOld(server) || found.length === openScanLimit) return;
        if (!server.released && server.endNs >= fromNs) found.push(server);
      }
    };
    collect(this.#servers, ({ requestEventId }) => requestEventId < oldestEventId);
    collect(this.#serversInParts, ({ startNs }) => startNs < oldestNs);
    return found;
  }

  /** Up to so many calls before these, and as many behind them; all are in the order of their requests. */
  callsBeside(calls: readonly SpanRecord[], most: number): readonly SpanRecord[] {
    const from = this.#calls.indexAfter(calls[0]!.requestEventId);
    const to = this.#calls.indexAfter(calls.at(-1)!.requestEventId);
    return this.#calls.items.slice(Math.max(0, from - most), to + most);
  }

  /** Whether calls name a server span, other than this one, that has not arrived. */
  awaitsOtherThan(spanId: string | undefined): boolean {
    for (const awaited of this.#awaited.keys()) if (awaited !== spanId) return true;
    return false;
  }

  /** Spans that say the response of this call led to them. */
  continuationsOf(call: SpanRecord): readonly SpanRecord[] {
    return this.#continuations.get(call.spanId) ?? none;
  }

  /** Server spans whose thread waited until the response of this call was read, as it seems. */
  wokenAfter(call: SpanRecord): readonly SpanRecord[] {
    return this.#woken.get(call.spanId) ?? none;
  }

  /** Duration of the longest recent server span, in nanoseconds. */
  get longestServerNs(): number {
    return Math.max(this.#longestNs, this.#previousLongestNs);
  }

  /** Keeps a call without a known cause, for server spans that arrive late. */
  noteUnknown(call: SpanRecord): void {
    if (call.isListedUnknown) return;
    call.isListedUnknown = true;
    this.#unknownCalls.insert(call);
  }

  /** Calls without a known cause that began while the server span was open, up to `limit`. */
  unknownCallsDuring(server: SpanRecord, limit: number): readonly SpanRecord[] {
    const { items } = this.#unknownCalls;
    const calls: SpanRecord[] = [];
    for (let index = this.#unknownCalls.indexAfter(server.requestEventId); index < items.length; index++) {
      const call = items[index]!;
      if (calls.length === limit || !wasOpenAt(server, call)) break;
      if (!call.released && call.cause === undefined) calls.push(call);
    }
    return calls;
  }

  /** Notes a call that was made while the process served nothing. */
  noteBackground(call: SpanRecord): void {
    if (this.#backgroundKinds.size < backgroundLimit) this.#backgroundKinds.add(call.requestKind);
  }

  /** Whether calls of this kind are also made while the process serves nothing. */
  isBackground(call: SpanRecord): boolean {
    return this.#backgroundKinds.size > 0 && this.#backgroundKinds.has(call.requestKind);
  }
}
