/** Turns attributions of the hypotheses into the cause candidates of a span, the best one first. */
import type { Cause } from '../../schemas/generated/span.ts';
import type { Hypothesis } from './hypothesis.ts';
import type { Attribution, Attributor, InboundRequest, Read, Write } from './messages.ts';

const noCauses: readonly Cause[] = [];
/** Confidence while only one request is in flight: then nothing can contradict a rule. */
const singleConfidence = 0.99;

interface Candidate {
  readonly kind: Attribution['kind'];
  readonly spanId: string;
  readonly root: InboundRequest | undefined;
  readonly rule: Attributor['rule'];
  readonly confidence: number;
  readonly learned: boolean;
}

/** The request for which a context made a call. */
export function candidatesOfContext({ kind, spanId }: InboundRequest, confidence: number): readonly Cause[] {
  return [{ kind, spanId, rule: 'context', confidence, learned: true }];
}

/** What the calls of a write continued. */
export function candidatesOfCall(write: Write): readonly Cause[] {
  const candidates: Candidate[] = [];
  for (const attribution of write.attributions) {
    const candidate = attribution === undefined ? undefined : weigh(write, attribution);
    if (candidate === undefined) continue;
    const same = candidates.findIndex(({ spanId }) => spanId === candidate.spanId);
    if (same < 0) candidates.push(candidate);
    else if (candidate.learned && !candidates[same]!.learned) candidates[same] = candidate;
  }
  if (candidates.length === 0) return noCauses;
  if (candidates.length === 1) return [toCause(candidates[0]!, true)];
  candidates.sort(bestFirst);
  const learned = candidates.filter((candidate) => candidate.learned);
  // Two rules that hold here name different requests: one is wrong, and it is unknown which.
  const sure = learned.every(({ root }) => root === learned[0]!.root);
  return candidates.map((candidate) => toCause(candidate, sure));
}

/** Which calls' responses led to a reply. */
export function candidatesOfReply(
  hypotheses: readonly Hypothesis[],
  reply: Write,
  read: Read | undefined,
  replied: InboundRequest,
): readonly Cause[] {
  const causes: Cause[] = [];
  for (const hypothesis of hypotheses) {
    const attribution = hypothesis.attribute(reply, read, replied);
    if (attribution === undefined) continue;
    const { call, circumstance, contested } = attribution;
    const { spanId } = call;
    const trust = hypothesis.trust(circumstance, contested);
    if (trust.isRefuted || causes.some((cause) => cause.spanId === spanId)) continue;
    const { rule, holdsAlone } = hypothesis;
    const single = holdsAlone && !contested && replied.context === reply.context;
    const confidence = single ? Math.max(singleConfidence, trust.confidence) : trust.confidence;
    causes.push({ kind: 'response', spanId, rule, confidence, learned: single || trust.isLearned });
  }
  if (causes.length > 1) causes.sort(bestFirst);
  return causes;
}

/** The calls whose responses had just been read when the context of a reply was woken. Hints: they decide nothing. */
export function candidatesOfWakes(spanIds: readonly string[], confidence: number): readonly Cause[] {
  return spanIds.map((spanId) => ({ kind: 'response', spanId, rule: 'wake', confidence, learned: false }));
}

function weigh(write: Write, { by, circumstance, kind, spanId, root }: Attribution): Candidate | undefined {
  const contested = write.openRequests >= 2;
  const { isRefuted, isLearned, confidence } = by.trust(circumstance, contested);
  if (isRefuted) return undefined;
  const { rule, holdsAlone } = by;
  if (holdsAlone && root !== undefined && write.openRequests === 1) {
    // The only request that this context has open, and the last thing it read belongs to it.
    const learned = root.context === write.context;
    return { kind, spanId, root, rule, confidence: Math.max(singleConfidence, confidence), learned };
  }
  return { kind, spanId, root, rule, confidence, learned: root !== undefined && isLearned };
}

function toCause({ kind, spanId, rule, confidence, learned }: Candidate, sure: boolean): Cause {
  return {
    kind,
    spanId,
    rule,
    confidence: sure ? confidence : Math.min(confidence, 0.5),
    learned: learned && sure,
  };
}

type Ranked = Pick<Cause, 'learned' | 'confidence'>;

function bestFirst(one: Ranked, other: Ranked): number {
  return Number(other.learned) - Number(one.learned) || other.confidence - one.confidence;
}
