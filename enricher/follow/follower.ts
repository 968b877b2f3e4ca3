/**
 * Which message caused which. Kernel facts say what a context read last before it wrote (`after`); that is the cause
 * where a loop handles what it reads at once (Node, nginx, threads), and misleads where it notes what it read and works
 * it off later (HAProxy, asyncio). So three hypotheses are kept for each unit written: last read (last-read.ts), and two
 * queues (lanes.ts). Replies are the anchors: a reply says for certain whose turn it is. When it goes to the request that
 * a hypothesis gave the call to whose response came before it, that hypothesis was right about the call; each process and
 * kind of context keeps a track record per hypothesis and circumstance (discipline.ts), counted apart when fewer than two
 * requests are in flight and every hypothesis agrees. A candidate is `learned` only under a clean record, two learned
 * ones that differ cancel each other, and a hypothesis that cannot fit a phase says nothing: unknown rather than wrong.
 * Bounds: contexts least recently used, five phases of 512 works and units each; all by event order, nothing by a clock.
 */
import type { Cause } from '../../schemas/generated/span.ts';
import { LruMap } from '../lru.ts';
import { Context, type Losses } from './context.ts';
import { Discipline } from './discipline.ts';
import { learnRequestQueue } from './lanes.ts';
import { judgeByLastRead, learnFromReply } from './last-read.ts';
import { causesOfCall, causesOfReply } from './verdict.ts';
import { CallWork, hadToWait, type Read, ServerWork, Unit } from './work.ts';

const contextKinds = 4;
const maxDisciplines = 65_536;

/** Follows the execution contexts of one agent. */
export class Follower {
  private readonly contexts: LruMap<number | string, Context>;
  /** By process id and kind of context. */
  private readonly disciplines = new LruMap<number, Discipline>(maxDisciplines, () => undefined);
  private readonly losses: Losses = { count: 0 };
  contextsEvicted = 0;

  constructor(maxContexts: number) {
    this.contexts = new LruMap(maxContexts, () => this.contextsEvicted++);
  }

  /** The context of an event; ends the phases of it that are over. */
  context(processId: number, kind: number, contextId: number, phase: number | undefined): Context {
    // Threads are unique on a host; ids of other kinds only within their process.
    const key = kind === 0 ? contextId : `${processId}:${kind}:${contextId}`;
    let context = this.contexts.get(key);
    if (context === undefined) {
      context = new Context(this.discipline(processId, kind), this.losses);
      context.phase = phase ?? 0;
      this.contexts.add(key, context);
    }
    context.enter(phase);
    return context;
  }

  /**
   * A request was read that this context, or another one, has to answer.
   *
   * @param before the request that has to be answered first, if there is one
   */
  request(context: Context, spanId: string, before: ServerWork | undefined): ServerWork {
    context.openRequests++;
    const work = new ServerWork(spanId, context);
    if (before?.open === true) {
      before.next = work;
      work.turnOrder = Number.POSITIVE_INFINITY;
    }
    return work;
  }

  /** Something is written, or a connection is begun for it. `read` is what the kernel says was read last. */
  unit(context: Context, socketId: number, read: Read | undefined): Unit {
    const unit = new Unit(context, socketId);
    judgeByLastRead(unit, read);
    context.wrote(unit, read);
    return unit;
  }

  /** What was read before a connect became known only with the first bytes of the connection. */
  rebind(unit: Unit, read: Read | undefined): void {
    unit.byLastRead = undefined;
    judgeByLastRead(unit, read);
  }

  /** A call is part of a unit. */
  call(unit: Unit, spanId: string, socketId: number): CallWork {
    const call = new CallWork(spanId, socketId, unit);
    unit.calls.push(call);
    return call;
  }

  /** The response to a call begins to be read. */
  answer(call: CallWork, context: Context): void {
    call.answeredIn = context;
    call.answeredPhase = context.phase;
    const { byTurn, byRequest } = call.unit;
    if (byTurn?.root !== undefined) byTurn.root.lastByTurn = call;
    if (byRequest?.root !== undefined) byRequest.root.lastByRequest = call;
  }

  /** What a call continued, as far as can be told now. */
  causesOf(call: CallWork): readonly Cause[] {
    return causesOfCall(call.unit.context.discipline, call.unit);
  }

  /** A request is answered. Returns which call's response led to the reply; learns from it. */
  reply(work: ServerWork, context: Context, socketId: number, read: Read | undefined): readonly Cause[] {
    const unit = new Unit(context, socketId);
    unit.reply = work;
    const waited = hadToWait(unit, read, work);
    const causes = causesOfReply(context.discipline, unit, waited ? undefined : read, work);
    if (!waited) {
      learnFromReply(context.discipline, unit, read, work);
      if (work.context === context) learnRequestQueue(context, unit, work);
    }
    context.wrote(unit, read);
    this.abandon(work);
    return causes;
  }

  /** A request will not be answered any more. */
  abandon(work: ServerWork): void {
    if (!work.open) return;
    work.open = false;
    work.answeredOrder = work.context.order;
    work.context.openRequests--;
    if (work.next === undefined) return;
    work.next.turnOrder = work.next.context.order;
    // Else all requests of a connection would be kept as long as the first.
    work.next = undefined;
  }

  /** The process id belongs to another process now. */
  restarted(processId: number): void {
    for (let kind = 0; kind < contextKinds; kind++) {
      const discipline = this.disciplines.get(processId * contextKinds + kind);
      if (discipline !== undefined) this.disciplines.delete(discipline);
    }
  }

  /** Events were lost: nothing that is in flight can be told apart. */
  forget(): void {
    // Not each context at once: one batch after which others are missing would cost as much as there are contexts.
    this.losses.count++;
  }

  /** Contexts and disciplines that are kept. */
  get size(): number {
    return this.contexts.size + this.disciplines.size;
  }

  /** Forgets those without events for the longest, until no more than this part of them is left. */
  shrink(part: number): void {
    this.contexts.shrinkTo(Math.floor(this.contexts.size * part));
    this.disciplines.shrinkTo(Math.floor(this.disciplines.size * part));
  }

  private discipline(processId: number, kind: number): Discipline {
    const key = processId * contextKinds + kind;
    let discipline = this.disciplines.get(key);
    if (discipline === undefined) {
      discipline = new Discipline();
      this.disciplines.add(key, discipline);
    }
    return discipline;
  }
}
