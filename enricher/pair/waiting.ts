import type { Counters } from '../../core/stage/accounting.ts';
import type { ResponseMessage } from '../dissect/dissector.ts';
import type { DropReason, EnricherRejectReason } from '../outcomes.ts';
import { Held, HeldList, type HeldLists } from './held-list.ts';
import type { Moment } from './moment.ts';
import type { Socket } from './socket.ts';

/** Events that wait for others to show what they are: beginnings of messages, and responses before their request. */

const maxParked = 8;
const parkLimitMs = 10_000;
const earlyLimitMs = 1000;

/** An event that may hold the beginning of a message whose rest is still to come. */
export class ParkedMoment extends Held {
  readonly list: ParkedMoment[];
  readonly moment: Moment;
  /** Why it is dropped when nothing comes of it. */
  readonly reason: DropReason;

  constructor(list: ParkedMoment[], moment: Moment, reason: DropReason) {
    super(moment.timeNs + parkLimitMs * 1e6, moment.clock.offset);
    this.list = list;
    this.moment = moment;
    this.reason = reason;
  }
}

/** A response whose request was not seen yet: another thread reads faster than the first returns from writing. */
export class EarlyResponse extends Held {
  readonly socket: Socket;
  readonly message: ResponseMessage<Moment>;
  /** Bytes of it that were seen. */
  bytes = 0;

  constructor(socket: Socket, message: ResponseMessage<Moment>) {
    super(message.origin.timeNs + earlyLimitMs * 1e6, message.origin.clock.offset);
    this.socket = socket;
    this.message = message;
  }
}

/** Keeps and ends what waits. */
export class Waiting {
  private readonly held: HeldLists;
  private readonly counters: Counters<DropReason, EnricherRejectReason>;

  constructor(held: HeldLists, counters: Counters<DropReason, EnricherRejectReason>) {
    this.held = held;
    this.counters = counters;
  }

  /** False when too many wait already. */
  park(socket: Socket, moment: Moment): boolean {
    const list = moment.ingress ? socket.parkedIngress : socket.parkedEgress;
    if (list.length >= maxParked || socket.transport === 'udp') return false;
    const reason = socket.dissection.dissector === undefined ? 'no_protocol' : 'continuation';
    const parked = new ParkedMoment(list, moment, reason);
    moment.holds++;
    list.push(parked);
    this.held.append(parkLimitMs, parked);
    return true;
  }

  /** What was parked in one direction waits no longer. */
  releaseAll(list: ParkedMoment[]): void {
    if (list.length === 0) return;
    for (const parked of list.splice(0)) {
      HeldList.release(parked);
      this.end(parked.moment, parked.reason);
    }
  }

  /** Keeps a response for the request that is still to come; undefined when it is not kept. */
  holdEarly(socket: Socket, message: ResponseMessage<Moment>): EarlyResponse | undefined {
    const { origin } = message;
    if (socket.early !== undefined || origin.counted || socket.transport === 'udp') return undefined;
    socket.early = new EarlyResponse(socket, message);
    origin.holds++;
    this.held.append(earlyLimitMs, socket.early);
    return socket.early;
  }

  /** The early response, if it is one to the request that began here; it waits no longer either way. */
  takeEarly(socket: Socket, request: Moment): EarlyResponse | undefined {
    const { early } = socket;
    if (early === undefined) return undefined;
    HeldList.release(early);
    const { origin } = early.message;
    if (origin.eventId < request.eventId || origin.ingress === request.ingress) {
      this.letGo(early);
      return undefined;
    }
    socket.early = undefined;
    origin.holds--;
    return early;
  }

  /** Ends something that was taken out of its list, of which nothing came. */
  letGo(held: Held, instead?: 'revoked'): void {
    if (held instanceof ParkedMoment) {
      const index = held.list.indexOf(held);
      if (index >= 0) held.list.splice(index, 1);
      this.end(held.moment, instead ?? held.reason);
    } else if (held instanceof EarlyResponse) {
      held.socket.early = undefined;
      this.end(held.message.origin, instead ?? 'response_without_request');
    }
  }

  /** The socket is gone. */
  forget(socket: Socket): void {
    this.releaseAll(socket.parkedIngress);
    this.releaseAll(socket.parkedEgress);
    if (socket.early === undefined) return;
    HeldList.release(socket.early);
    this.letGo(socket.early);
  }

  private end(moment: Moment, reason: DropReason | 'revoked'): void {
    moment.holds--;
    if (moment.counted || moment.holds > 0) return;
    moment.counted = true;
    this.counters.drop(reason);
  }
}
