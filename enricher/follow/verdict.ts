import type { Cause } from '../../schemas/generated/span.ts';
import type { Discipline } from './discipline.ts';
import {
  type CallWork,
  type Category,
  isReplyContested,
  type Opinion,
  type Read,
  type ServerWork,
  type Unit,
} from './work.ts';

/** From opinions to the candidates that a span carries. */

const noCauses: readonly Cause[] = [];
/** Nothing was ever seen against a rule where only one request is in flight, nor can it be seen there. */
const singleConfidence = 0.99;

interface Candidate {
  readonly kind: Opinion['kind'];
  readonly spanId: string;
  readonly root: ServerWork | undefined;
  readonly rule: 'last_read' | 'queue';
  readonly confidence: number;
  readonly learned: boolean;
}

function weigh(discipline: Discipline, unit: Unit, opinion: Opinion): Candidate | undefined {
  const { category, kind, spanId, root } = opinion;
  const contested = unit.openRequests >= 2;
  if (discipline.record(category, contested).refuted) return undefined;
  const confidence = discipline.confidence(category, contested);
  const rule = category === 'turn' || category === 'request' ? 'queue' : 'last_read';
  if (rule === 'last_read' && !contested && root !== undefined && unit.openRequests === 1) {
    // The only request that this context has open, and the last thing it read belongs to it.
    const only = root.context === unit.context;
    return { kind, spanId, root, rule, confidence: Math.max(singleConfidence, confidence), learned: only };
  }
  const learned = root !== undefined && discipline.isLearned(category, contested);
  return { kind, spanId, root, rule, confidence, learned };
}

function toCause(candidate: Candidate, sure: boolean): Cause {
  const { kind, spanId, rule, confidence, learned } = candidate;
  return {
    kind,
    spanId,
    rule,
    confidence: sure ? confidence : Math.min(confidence, 0.5),
    learned: learned && sure,
  };
}

/** What the calls of a unit continued; the best candidate first. */
export function causesOfCall(discipline: Discipline, unit: Unit): readonly Cause[] {
  const { byLastRead, byTurn, byRequest } = unit;
  if (byLastRead === undefined && byTurn === undefined && byRequest === undefined) return noCauses;
  const candidates: Candidate[] = [];
  for (const opinion of [byLastRead, byTurn, byRequest]) {
    const candidate = opinion === undefined ? undefined : weigh(discipline, unit, opinion);
    if (candidate === undefined) continue;
    const same = candidates.findIndex(({ spanId }) => spanId === candidate.spanId);
    if (same < 0) candidates.push(candidate);
    else if (candidate.learned && !candidates[same]!.learned) candidates[same] = candidate;
  }
  candidates.sort(bestFirst);
  const learned = candidates.filter((candidate) => candidate.learned);
  // Two rules that hold here and name different requests: one of them errs, and nothing tells which.
  const sure = learned.every(({ root }) => root === learned[0]!.root);
  return candidates.map((candidate) => toCause(candidate, sure));
}

/** Which call's response led to the reply that this unit is. */
export function causesOfReply(
  discipline: Discipline,
  unit: Unit,
  read: Read | undefined,
  replied: ServerWork,
): readonly Cause[] {
  const causes: Cause[] = [];
  const works = read?.works ?? [];
  if (works.length === 1 && works[0]!.kind === 'response') {
    addResponse(causes, discipline, unit, read, replied, works[0]!, read!.rank === 1 ? 'alone' : 'among_rivals');
  } else if (works.length > 1) {
    const last = works.findLast((work) => work.kind === 'response' && work.unit.byLastRead?.root === replied);
    if (last?.kind === 'response') addResponse(causes, discipline, unit, read, replied, last, 'several');
  }
  if (replied.lastByTurn !== undefined)
    addResponse(causes, discipline, unit, undefined, replied, replied.lastByTurn, 'turn');
  if (replied.lastByRequest !== undefined)
    addResponse(causes, discipline, unit, undefined, replied, replied.lastByRequest, 'request');
  if (causes.length > 1) causes.sort(bestFirst);
  return causes;
}

function addResponse(
  causes: Cause[],
  discipline: Discipline,
  unit: Unit,
  read: Read | undefined,
  replied: ServerWork,
  { spanId }: CallWork,
  category: Category,
): void {
  const contested = isReplyContested(unit, read);
  if (discipline.record(category, contested).refuted || causes.some((cause) => cause.spanId === spanId)) return;
  const rule = category === 'turn' || category === 'request' ? 'queue' : 'last_read';
  const single = rule === 'last_read' && !contested && replied.context === unit.context;
  const usual = discipline.confidence(category, contested);
  const confidence = single ? Math.max(singleConfidence, usual) : usual;
  const learned = single || discipline.isLearned(category, contested);
  causes.push({ kind: 'response', spanId, rule, confidence, learned });
}

type Ranked = Pick<Cause, 'learned' | 'confidence'>;

function bestFirst(one: Ranked, other: Ranked): number {
  return Number(other.learned) - Number(one.learned) || other.confidence - one.confidence;
}
