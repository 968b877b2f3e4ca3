import { groupBy } from './group-by.ts';
import type { Exchange, Facts, ReadMessage } from './exchange.ts';

/** Compares what two readers say about the same connections. */

/** One difference. */
export interface Difference {
  readonly kind: 'differs' | 'only tshark' | 'only us' | 'unknown';
  readonly what: 'request' | 'response';
  readonly tshark: Exchange | undefined;
  readonly ours: Exchange | undefined;
  /** Names of the facts that differ; `frame`: the response is another packet. */
  readonly facts: readonly string[];
}

/** Counts of messages: requests and responses. */
export interface Agreement {
  readonly tshark: number;
  readonly ours: number;
  readonly agree: number;
  readonly differences: readonly Difference[];
}

/** Texts longer than this may be cut in what the enricher keeps. */
const leastKeptText = 500;

/**
 * @param seenFrom from which packet on a connection was seen: requests before that are nobody's
 * @param isCut what was captured may end anywhere: then a text that is the beginning of the other agrees with it
 */
export function compare(
  tshark: readonly Exchange[],
  ours: readonly Exchange[],
  seenFrom: ReadonlyMap<string, number>,
  isCut: boolean,
): Agreement {
  const visible = tshark.filter(({ stream, request }) => request.frame >= (seenFrom.get(stream) ?? 0));
  const [theirsByStream, oursByStream] = [visible, ours].map((list) => groupBy(list, ({ stream }) => stream));
  const differences: Difference[] = [];
  let agree = 0;
  for (const stream of new Set([...theirsByStream!.keys(), ...oursByStream!.keys()])) {
    const pairs = align(theirsByStream!.get(stream) ?? [], oursByStream!.get(stream) ?? [], isCut);
    for (const pair of pairs) {
      const found = comparePair(pair, isCut);
      agree += found.agree;
      differences.push(...found.differences);
    }
  }
  return { tshark: count(visible), ours: count(ours), agree, differences };
}

function count(exchanges: readonly Exchange[]): number {
  return exchanges.reduce(
    (sum, { response, isUnknown }) => sum + (response === undefined || isUnknown === true ? 1 : 2),
    0,
  );
}

interface Pair {
  readonly tshark: Exchange | undefined;
  readonly ours: Exchange | undefined;
}

/** Requests that began in the same packet belong together, in their order; of several, those that say the same first. */
function align(tshark: readonly Exchange[], ours: readonly Exchange[], isCut: boolean): Pair[] {
  const pairs: Pair[] = [];
  const byFrame = groupBy(ours, ({ request }) => request.frame);
  for (const [frame, theirs] of groupBy(tshark, ({ request }) => request.frame)) {
    pairs.push(...alignWithin(theirs, byFrame.get(frame) ?? [], isCut));
    byFrame.delete(frame);
  }
  for (const rest of byFrame.values()) pairs.push(...rest.map((one) => ({ tshark: undefined, ours: one })));
  return pairs;
}

/** The longest common subsequence of equal requests; what lies between its members is paired in order. */
function alignWithin(theirs: readonly Exchange[], ours: readonly Exchange[], isCut: boolean): Pair[] {
  const same = (one: number, other: number): boolean =>
    differing(theirs[one]!.request.facts, ours[other]!.request.facts, isCut).length === 0;
  const lengths = Array.from({ length: theirs.length + 1 }, () => new Int32Array(ours.length + 1));
  for (let one = theirs.length - 1; one >= 0; one--) {
    for (let other = ours.length - 1; other >= 0; other--) {
      lengths[one]![other] = same(one, other)
        ? lengths[one + 1]![other + 1]! + 1
        : Math.max(lengths[one + 1]![other]!, lengths[one]![other + 1]!);
    }
  }
  const pairs: Pair[] = [];
  let [one, other] = [0, 0];
  while (one < theirs.length || other < ours.length) {
    const both = one < theirs.length && other < ours.length;
    if (both && same(one, other)) pairs.push({ tshark: theirs[one++], ours: ours[other++] });
    else if (both && lengths[one + 1]![other + 1]! >= Math.max(lengths[one + 1]![other]!, lengths[one]![other + 1]!)) {
      pairs.push({ tshark: theirs[one++], ours: ours[other++] });
    } else if (other >= ours.length || (both && lengths[one + 1]![other]! >= lengths[one]![other + 1]!)) {
      pairs.push({ tshark: theirs[one++], ours: undefined });
    } else pairs.push({ tshark: undefined, ours: ours[other++] });
  }
  return pairs;
}

function comparePair({ tshark, ours }: Pair, isCut: boolean): { agree: number; differences: Difference[] } {
  const difference = (
    kind: Difference['kind'],
    what: Difference['what'],
    facts: readonly string[] = [],
  ): Difference => ({ kind, what, tshark, ours, facts });
  if (tshark === undefined || ours === undefined) {
    const only = tshark === undefined ? 'only us' : 'only tshark';
    const hasResponse = (tshark ?? ours)!.response !== undefined && ours?.isUnknown !== true;
    return {
      agree: 0,
      differences: [difference(only, 'request'), ...(hasResponse ? [difference(only, 'response')] : [])],
    };
  }
  const differences: Difference[] = [];
  let agree = 0;
  const requestFacts = differing(tshark.request.facts, ours.request.facts, isCut);
  if (requestFacts.length > 0) differences.push(difference('differs', 'request', requestFacts));
  else agree++;
  const responses = compareResponses(tshark.response, ours, isCut);
  if (responses === 'agree') agree++;
  else if (responses === 'unknown') differences.push(difference('unknown', 'response'));
  else if (responses === 'only us') differences.push(difference('only us', 'response'));
  else if (responses !== 'none') differences.push(difference('differs', 'response', responses));
  return { agree, differences };
}

function compareResponses(
  tshark: ReadMessage | undefined,
  ours: Exchange,
  isCut: boolean,
): 'agree' | 'unknown' | 'only us' | 'none' | readonly string[] {
  const isUnknown = ours.response === undefined || ours.isUnknown === true;
  if (tshark === undefined) return isUnknown ? 'none' : 'only us';
  if (isUnknown) return 'unknown';
  const facts = [...differing(tshark.facts, ours.response.facts, isCut)];
  if (tshark.frame !== ours.response.frame) facts.push('frame');
  return facts.length === 0 ? 'agree' : facts;
}

/** Names of facts that are not the same. */
function differing(tshark: Facts, ours: Facts, isCut: boolean): string[] {
  const names = new Set([...Object.keys(tshark), ...Object.keys(ours)]);
  return [...names].filter((name) => !sameFact(name, tshark[name], ours[name], isCut));
}

function sameFact(name: string, tshark: string | undefined, ours: string | undefined, isCut: boolean): boolean {
  // tshark has no text for prepared statements that are run.
  if (name === 'text' && (tshark === undefined || ours === undefined)) return true;
  if (tshark === ours) return true;
  // The tag stands at the end of an answer, which may not have been captured.
  if (name === 'tag' && ours === undefined && isCut) return true;
  if (tshark === undefined || ours === undefined) return false;
  return tshark.startsWith(ours) && (isCut || ours.length >= leastKeptText || ours.length >= 256);
}
