import type { Discipline } from './discipline.ts';
import {
  categories,
  type Category,
  isReplyContested,
  openRoot,
  type Opinion,
  type Read,
  rootOf,
  type ServerWork,
  type Unit,
  type Work,
} from './work.ts';

/**
 * The hypothesis of the last read: a unit continues what its context read last. Where one call read several messages
 * (a pipelined connection), units follow in the order of the messages, one each; replies show whether they did.
 */

const bitOf = (category: Category): number => 1 << categories.indexOf(category);

function opinion(unit: Unit, work: Work, category: Category): Opinion {
  const root = openRoot(rootOf(work, 'byLastRead'), unit.context, unit.order);
  const before = work.kind === 'response' ? (work.unit.byLastRead?.steps ?? 0) : 0;
  return { kind: work.kind, spanId: work.spanId, root, category, steps: before | bitOf(category) };
}

/** Decides at once when one work was read; several are settled when nothing more can follow ({@link settleSeveral}). */
export function judgeByLastRead(unit: Unit, read: Read | undefined): void {
  if (read?.works.length !== 1) return;
  const work = read.works[0]!;
  const sameSocket = work.kind === 'response' && work.socketId === unit.socketId;
  unit.byLastRead = opinion(unit, work, sameSocket ? 'same_socket' : read.rank === 1 ? 'alone' : 'among_rivals');
}

/** Gives the units that followed a read of several works to these works. */
export function settleSeveral(read: Read, units: readonly Unit[]): void {
  const works = read.works;
  const first = rootOf(works[0]!, 'byLastRead');
  if (first !== undefined && works.every((work) => rootOf(work, 'byLastRead') === first)) {
    const last = works[works.length - 1]!;
    for (const unit of units) unit.byLastRead = opinion(unit, last, 'several');
    return;
  }
  if (units.length !== works.length) return;
  const fits = units.every(({ reply }, index) => {
    const root = reply === undefined ? undefined : rootOf(works[index]!, 'byLastRead');
    return root === undefined || root === reply;
  });
  if (fits) units.forEach((unit, index) => (unit.byLastRead = opinion(unit, works[index]!, 'several')));
}

/**
 * A reply says for certain whose turn it is: compares that with what the last read says. Only with two requests in
 * flight or more can it say something else, so the track records of the two cases are kept apart.
 */
export function learnFromReply(discipline: Discipline, unit: Unit, read: Read | undefined, replied: ServerWork): void {
  if (read === undefined || read.works.length === 0) return;
  const contested = isReplyContested(unit, read) || replied.context.openRequests >= 2;
  if (read.works.length > 1) {
    const roots = read.works.map((work) => rootOf(work, 'byLastRead'));
    const right = roots.includes(replied);
    if (right || roots.every((root) => root !== undefined)) discipline.record('several', contested).add(right);
    return;
  }
  const work = read.works[0]!;
  // A request that was answered while one of its calls was under way counts against the hypothesis too.
  const root = rootOf(work, 'byLastRead');
  if (root === undefined) return;
  const category = read.rank === 1 ? 'alone' : 'among_rivals';
  if (work.kind === 'request') {
    discipline.record(category, contested).add(root === replied);
    return;
  }
  const steps = bitOf(category) | work.unit.byLastRead!.steps;
  // A call made when there was nothing else it could belong to proves nothing.
  credit(discipline, steps, contested && work.unit.openRequests >= 2, root === replied);
}

/** Where the end is right, every step was; where it is wrong, the least sure one is blamed. */
function credit(discipline: Discipline, steps: number, contested: boolean, right: boolean): void {
  for (let index = categories.length - 1; index >= 0; index--) {
    if ((steps & (1 << index)) === 0) continue;
    discipline.record(categories[index]!, contested).add(right);
    if (!right) return;
  }
}
