import type { ResponseEnd } from '../../protocols/dissection/dissector.ts';
import type { EventRef } from './event-ref.ts';
import { Expiring } from './expiry-list.ts';
import { type OpenRequest, startOf } from './open-request.ts';
import type { SpanEnd } from './span-builder.ts';

/** Time without a byte after which a response is over whose end cannot be seen. */
const calmMs = 1000;

/**
 * A request whose response began and is not complete. It becomes a span with the last byte of the response: at the end that its
 * head declares or that is reported apart, at the time limit, or with the connection.
 */
export class Responding extends Expiring {
  readonly open: OpenRequest;
  /** How the request ends, by what is known of the response. */
  end: SpanEnd;
  /** Bytes of its direction that have moved when it is complete; undefined where its head does not say. */
  readonly endsAt: number | undefined;
  /** Where its end is hidden it lasts until a calm second, or until anything else begins. */
  readonly isUnclear: boolean;
  /** The time limit of the list that it waits in. */
  readonly limitMs: number;
  private readonly all: Map<number, Responding>;

  /**
   * @param sinceNs - from when on its time limit counts
   * @param all - those of its socket, by request id
   */
  constructor(
    open: OpenRequest,
    end: SpanEnd,
    sinceNs: number,
    all: Map<number, Responding>,
    isUnclear: boolean,
    endsAt?: number,
  ) {
    const limitMs = isUnclear ? calmMs : open.timeoutMs;
    super(sinceNs + limitMs * 1e6, open.offset);
    this.limitMs = limitMs;
    this.open = open;
    this.end = end;
    this.all = all;
    this.isUnclear = isUnclear;
    this.endsAt = endsAt;
    all.set(open.message.requestId, this);
  }

  get origin(): EventRef {
    return this.open.origin;
  }

  /** Which way the response goes. */
  get ingress(): boolean {
    return !this.open.origin.ingress;
  }

  /** The moment of its last byte so far. */
  get lastNs(): number {
    return this.origin.timeNs + this.end.durationNs;
  }

  /** Its bytes go on at `timeNs`; `movedBytes` of its direction moved by then. */
  goesOn(timeNs: number, movedBytes: number): void {
    const durationNs = Math.max(this.end.durationNs, timeNs - this.origin.timeNs);
    this.end = { ...this.end, durationNs, responseBytes: Math.max(0, movedBytes - startOf(this.end.response!)) };
  }

  /** What its trailers say instead of its head. */
  turnsOut(instead: ResponseEnd<EventRef>['instead']): void {
    const response = { ...this.end.response!, ...instead };
    this.end = { ...this.end, status: response.status, response };
  }

  /** Its connection ended at `timeNs` before all of it was there, unless that is its end. */
  breaks(timeNs: number): void {
    const response = this.end.response!;
    if (response.ends === 'with-connection' || this.isUnclear || response.status !== 'ok') return;
    const durationNs = Math.max(this.end.durationNs, timeNs - this.origin.timeNs);
    this.end = { ...this.end, status: 'closed', durationNs, response: { ...response, declaredBytes: 0 } };
  }

  /** Bytes moved since it began to wait for a calm second. */
  get wentOn(): boolean {
    return this.isUnclear && this.lastNs + this.limitMs * 1e6 > this.deadlineNs;
  }

  /** The same that waits for a calm second from now on; undefined when its time is up. */
  unclear(): Responding | undefined {
    const { open, end, lastNs, all } = this;
    if (lastNs - end.response!.origin.timeNs >= open.timeoutMs * 1e6) return undefined;
    return new Responding(open, end, lastNs, all, true);
  }

  /** Takes it out of those of its socket. */
  leave(): void {
    const { requestId } = this.open.message;
    if (this.all.get(requestId) === this) this.all.delete(requestId);
  }
}
