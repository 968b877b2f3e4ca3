/**
 * Answered requests whose response is not complete. Each becomes a span with the last byte: at the end that the head declares or
 * that the dissector reports, after a calm second where the end is hidden, when another response begins, at the time limit,
 * or with the connection, which is the end of one that has no other, and breaks any other.
 */
import type { ResponseEnd, ResponseMessage } from '../../protocols/dissection/dissector.ts';
import type { EventRef } from './event-ref.ts';
import { ExpiryList, type ExpiryLists } from './expiry-list.ts';
import { type OpenRequest, startOf } from './open-request.ts';
import { Responding } from './responding.ts';
import type { Socket } from './socket.ts';
import type { SpanEnd } from './span-builder.ts';

/** The responses of one agent that began; see the top of the file. */
export class Responses {
  private count = 0;
  private readonly expiring: ExpiryLists;
  private readonly finish: (open: OpenRequest, end: SpanEnd) => void;

  /** @param finish - makes the span of a request */
  constructor(expiring: ExpiryLists, finish: (open: OpenRequest, end: SpanEnd) => void) {
    this.expiring = expiring;
    this.finish = finish;
  }

  get size(): number {
    return this.count;
  }

  /**
   * A response began.
   *
   * @param endsAt - bytes of its direction that have passed when it is complete; undefined where its head does not say
   */
  begin(
    socket: Socket,
    open: OpenRequest,
    end: SpanEnd,
    { origin }: ResponseMessage<EventRef>,
    endsAt?: number,
  ): Responding {
    const all = (socket.responding ??= new Map<number, Responding>());
    const responding = new Responding(open, end, origin.timeNs, all, false, endsAt);
    origin.holds++;
    this.count++;
    this.expiring.append(responding.limitMs, responding);
    return responding;
  }

  /** Bytes moved on a socket: what is complete by now ends. */
  goOn(socket: Socket, { ingress, lastNs }: EventRef): void {
    const { responding: all } = socket;
    if (all === undefined || all.size === 0) return;
    const movedBytes = socket.movedBytes(ingress);
    for (const responding of all.values()) {
      if (responding.ingress !== ingress) continue;
      responding.goesOn(lastNs, movedBytes);
      if (responding.endsAt !== undefined && socket.passedBytes(ingress) >= responding.endsAt) this.end(responding);
    }
  }

  /** The end of a response, or that it is hidden. Returns the request whose response it is. */
  ended({ responding: all }: Socket, message: ResponseEnd<EventRef>): OpenRequest | undefined {
    const { requestId, origin, offset, instead } = message;
    const responding = all?.get(requestId);
    if (responding === undefined || responding.ingress !== origin.ingress) return undefined;
    if (message.isUnclear === true) {
      this.awaitCalm(responding);
      return responding.open;
    }
    responding.goesOn(origin.lastNs, origin.streamOffset + offset);
    responding.turnsOut(instead);
    this.end(responding);
    return responding.open;
  }

  /** Another response begins: the one before it is over. */
  endBefore({ responding: all }: Socket, message: ResponseMessage<EventRef>): void {
    const { origin, offset, requestId } = message;
    const before = all?.get(requestId);
    if (before === undefined || before.ingress !== origin.ingress) return;
    before.goesOn(offset > 0 ? origin.timeNs : before.lastNs, startOf(message));
    this.end(before);
  }

  /** A request begins: a response that went the other way and whose end is hidden is over. */
  endUnclear({ responding: all }: Socket, requestId: number, ingress: boolean): void {
    const before = all?.get(requestId);
    if (before?.isUnclear === true && before.ingress !== ingress) this.end(before);
  }

  /** Its time is up. */
  giveUp(responding: Responding): void {
    if (responding.wentOn) this.awaitCalm(responding);
    else this.end(responding);
  }

  /**
   * The connection ended at `timeNs`.
   *
   * @param lostNs - until when events were lost: what ended before may have been complete
   */
  connectionEnded({ responding: all }: Socket, timeNs: number, lostNs: number): void {
    if (all === undefined) return;
    for (const responding of [...all.values()]) {
      if (responding.lastNs > lostNs) responding.breaks(timeNs);
      this.end(responding);
    }
  }

  /** Ends all of a socket as they are known by now. */
  endAll({ responding: all }: Socket): void {
    if (all !== undefined) for (const responding of [...all.values()]) this.end(responding);
  }

  /** Ends one as it is known by now. */
  end(responding: Responding): void {
    this.forget(responding);
    responding.end.response!.origin.holds--;
    this.finish(responding.open, responding.end);
  }

  /** Takes one out without a span. */
  forget(responding: Responding): void {
    ExpiryList.release(responding);
    responding.leave();
    this.count--;
  }

  private awaitCalm(responding: Responding): void {
    ExpiryList.release(responding);
    const calm = responding.unclear();
    if (calm === undefined) this.end(responding);
    else this.expiring.append(calm.limitMs, calm);
  }
}
