import type { Cause } from '../../schemas/generated/span.ts';
import type { Discipline } from './discipline.ts';
import type { CallWork, Opinion, ServerWork, Unit, Work } from './work.ts';

/** From opinions to the candidates that a span carries. */

const noCauses: readonly Cause[] = [];
/** Nothing was ever seen against a rule where only one request is in flight, nor can it be seen there. */
const singleConfidence = 0.99;

interface Candidate {
  readonly work: Work;
  readonly root: ServerWork | undefined;
  readonly rule: 'last_read' | 'queue';
  readonly confidence: number;
  readonly learned: boolean;
}

function weigh(discipline: Discipline, unit: Unit, opinion: Opinion): Candidate | undefined {
  const { category, work, root } = opinion;
  const contested = unit.openRequests >= 2;
  if (discipline.record(category, contested).refuted) return undefined;
  const confidence = discipline.confidence(category, contested);
  const rule = category === 'turn' || category === 'request' ? 'queue' : 'last_read';
  if (rule === 'last_read' && !contested && root !== undefined && unit.openRequests === 1) {
    // The only request that this context has open, and the last thing it read belongs to it.
    const only = root.context === unit.context;
    return { work, root, rule, confidence: Math.max(singleConfidence, confidence), learned: only };
  }
  const learned = root !== undefined && discipline.isLearned(category, contested);
  return { work, root, rule, confidence, learned };
}

function toCause(candidate: Candidate, sure: boolean): Cause {
  const { work, rule, confidence, learned } = candidate;
  return {
    kind: work.kind,
    spanId: work.spanId,
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
    const same = candidates.findIndex(({ work }) => work === candidate.work);
    if (same < 0) candidates.push(candidate);
    else if (candidate.learned && !candidates[same]!.learned) candidates[same] = candidate;
  }
  candidates.sort((one, other) => Number(other.learned) - Number(one.learned) || other.confidence - one.confidence);
  const learned = candidates.filter((candidate) => candidate.learned);
  // Two rules that hold here and name different requests: one of them errs, and nothing tells which.
  const sure = learned.every(({ root }) => root === learned[0]!.root);
  return candidates.map((candidate) => toCause(candidate, sure));
}

/** Which call's response led to the reply that this unit is. */
export function causesOfReply(discipline: Discipline, unit: Unit, replied: ServerWork): readonly Cause[] {
  const causes: Cause[] = [];
  const contested = unit.openRequests >= 2;
  const add = (work: CallWork, category: Opinion['category']): void => {
    if (discipline.record(category, contested).refuted || causes.some(({ spanId }) => spanId === work.spanId)) return;
    const rule = category === 'turn' || category === 'request' ? 'queue' : 'last_read';
    const single = rule === 'last_read' && !contested && replied.context === unit.context;
    const usual = discipline.confidence(category, contested);
    const confidence = single ? Math.max(singleConfidence, usual) : usual;
    const learned = single || discipline.isLearned(category, contested);
    causes.push({ kind: 'response', spanId: work.spanId, rule, confidence, learned });
  };
  const works = unit.read?.works ?? [];
  if (works.length === 1 && works[0]!.kind === 'response')
    add(works[0]!, unit.read!.rank === 1 ? 'alone' : 'among_rivals');
  for (let index = works.length - 1; works.length > 1 && index >= 0; index--) {
    const work = works[index]!;
    if (work.kind !== 'response' || work.unit.byLastRead?.root !== replied) continue;
    add(work, 'several');
    break;
  }
  if (replied.lastByTurn !== undefined) add(replied.lastByTurn, 'turn');
  if (replied.lastByRequest !== undefined) add(replied.lastByRequest, 'request');
  return causes.sort((one, other) => Number(other.learned) - Number(one.learned) || other.confidence - one.confidence);
}
