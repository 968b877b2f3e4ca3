import type { Context } from './context.ts';
import { maxRequestLag, maxResponseLag } from './turn-law.ts';
import {
  type Arrival,
  maxUnitsOfRequest,
  openRoot,
  type Opinion,
  rootOf,
  type ServerWork,
  type Unit,
  type Work,
} from './work.ts';

/**
 * The two queue hypotheses of one context. Both look at a phase when it is over, and at the works due in it by the lags
 * that were learned:
 *   turn     every work read leads to exactly one unit, in the order of reading (asyncio);
 *   request  every request read leads to the same number of calls, in the order of reading, and responses only to
 *            replies (HAProxy; also a fan-out).
 * Each speaks about a phase only if the numbers are equal and no reply in it contradicts: what it gives is right, or it
 * was found wrong before, by replies. A phase of which it says nothing has no effect on the next.
 */

const maxPerPhase = 512;
const keptPhases = Math.max(maxRequestLag, maxResponseLag) + 1;

class PhaseLog {
  readonly number: number;
  readonly arrivals: Arrival[] = [];
  readonly units: Unit[] = [];

  constructor(number: number) {
    this.number = number;
  }
}

/** What one context read and wrote in its latest phases. */
export class Lanes {
  private logs: PhaseLog[] = [];
  private readonly context: Context;

  constructor(context: Context) {
    this.context = context;
  }

  reset(): void {
    if (this.logs.length > 0) this.logs = [];
  }

  /** Works that were read completely, or of which a later part was read. */
  arrive(phase: number, order: number, works: readonly Work[]): void {
    const { arrivals } = this.logOf(phase);
    for (const work of works) {
      const before = work.arrival;
      if (before !== undefined) {
        if (before.phase === phase || before.moved || before.taken || isOver(work)) continue;
        before.moved = true;
      }
      if (arrivals.length >= maxPerPhase) return;
      const last = arrivals[arrivals.length - 1];
      // Responses to calls written at once lead on together.
      const together = last?.order === order && work.kind === 'response' && last.work.kind === 'response';
      if (together && last.work.unit === work.unit) last.moved = true;
      work.arrival = { work, phase, order, moved: false, taken: false };
      arrivals.push(work.arrival);
    }
  }

  write(phase: number, unit: Unit): void {
    const { units } = this.logOf(phase);
    if (units.length < maxPerPhase) units.push(unit);
  }

  /** Phase `from` is over, and all up to `to`, which begins now. */
  advance(from: number, to: number): void {
    if (this.logs.length === 0) return;
    const last = Math.min(to - 1, from + keptPhases - 1);
    for (let phase = from; phase <= last; phase++) this.judge(phase);
    const oldest = to - keptPhases;
    while (this.logs.length > 0 && this.logs[0]!.number <= oldest) this.logs.shift();
  }

  private logOf(phase: number): PhaseLog {
    let log = this.logs[this.logs.length - 1];
    if (log?.number !== phase) this.logs.push((log = new PhaseLog(phase)));
    return log;
  }

  private find(phase: number): PhaseLog | undefined {
    return this.logs.find((log) => log.number === phase);
  }

  private judge(phase: number): void {
    const requests: number[] = [];
    const openRequests: number[] = [];
    const responses: number[] = [];
    for (let lag = 0; lag < keptPhases; lag++) {
      let [all, open, answers] = [0, 0, 0];
      for (const { moved, work } of this.find(phase - lag)?.arrivals ?? []) {
        if (moved) continue;
        if (work.kind === 'response') answers++;
        else {
          all++;
          if (work.open) open++;
        }
      }
      requests.push(all);
      openRequests.push(open);
      responses.push(answers);
    }
    const units = this.find(phase)?.units ?? [];
    const calls = units.filter((unit) => unit.reply === undefined);
    const { discipline } = this.context;
    if (discipline.turnLaw.observe(requests, responses, units.length)) discipline.resetQueue('turn');
    if (discipline.requestLaw.observe(openRequests, calls.length)) discipline.resetQueue('request');
    this.judgeByTurn(phase, units);
    this.judgeByRequest(phase, calls);
  }

  private judgeByTurn(phase: number, units: readonly Unit[]): void {
    const { discipline } = this.context;
    const lags = discipline.turnLaw.lags;
    if (lags === undefined || units.length === 0) return;
    const isDue = (lag: number, kind: Work['kind']): Arrival[] =>
      this.find(phase - lag)?.arrivals.filter(({ moved, work }) => !moved && work.kind === kind) ?? [];
    const due = [...isDue(lags.request, 'request'), ...isDue(lags.response, 'response')];
    if (due.length !== units.length) return;
    due.sort((one, other) => one.order - other.order);
    let misfits = 0;
    units.forEach((unit, index) => {
      const { work, order } = due[index]!;
      if (order >= unit.order) misfits++;
      if (unit.reply === undefined) return;
      const root = rootOf(work, 'byTurn');
      if (root === undefined) return;
      if (root !== unit.reply) misfits++;
      const contested = unit.openRequests >= 2 && (work.kind === 'request' || work.unit.openRequests >= 2);
      discipline.record('turn', contested).add(root === unit.reply);
    });
    if (misfits > 0) return;
    units.forEach((unit, index) => {
      const arrival = due[index]!;
      arrival.taken = true;
      unit.byTurn = opinion(unit, arrival.work, 'byTurn');
    });
  }

  private judgeByRequest(phase: number, calls: readonly Unit[]): void {
    const { lag, factor } = this.context.discipline.requestLaw;
    if (lag < 0 || calls.length === 0) return;
    const due: { readonly work: ServerWork; readonly order: number }[] = [];
    for (const { moved, work, order } of this.find(phase - lag)?.arrivals ?? [])
      if (!moved && work.kind === 'request' && work.open) due.push({ work, order });
    if (calls.length !== factor * due.length) return;
    if (!calls.every((unit, index) => due[Math.floor(index / factor)]!.order < unit.order)) return;
    calls.forEach((unit, index) => {
      const { work } = due[Math.floor(index / factor)]!;
      unit.byRequest = opinion(unit, work, 'byRequest');
      if (work.units.length < maxUnitsOfRequest) work.units.push(unit);
    });
  }
}

/** Nothing that is still to be read of it can lead to anything. */
function isOver(work: Work): boolean {
  if (work.kind === 'request') return !work.open || work.units.length > 0;
  return work.unit.byTurn?.root?.open === false;
}

function opinion(unit: Unit, work: Work, by: 'byTurn' | 'byRequest'): Opinion {
  const category = by === 'byTurn' ? 'turn' : 'request';
  const root = openRoot(rootOf(work, by), unit.context, unit.order);
  return { kind: work.kind, spanId: work.spanId, root, category, steps: 0 };
}

/** Judges the request queue by a reply: all calls it gave to this request must be answered, the last one just now. */
export function learnRequestQueue(context: Context, unit: Unit, replied: ServerWork): void {
  const units = replied.units;
  if (units.length === 0) return;
  let latest = -1;
  let contested = unit.openRequests >= 2;
  let complete = true;
  for (const { calls, openRequests } of units) {
    if (openRequests < 2) contested = false;
    for (const call of calls) {
      if (call.answeredIn === context) latest = Math.max(latest, call.answeredPhase);
      else complete = false;
    }
  }
  const { requestLaw } = context.discipline;
  const verdict = complete && latest >= 0 ? requestLaw.judgeReply(context.phase - latest) : false;
  if (verdict !== undefined) context.discipline.record('request', contested).add(verdict);
}
