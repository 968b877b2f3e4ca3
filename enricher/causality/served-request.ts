/**
 * For which request a context works that changes threads (a goroutine), or takes turns on one (a greenlet), so that what its thread
 * did says nothing:
 *
 * 1. the request that it has read itself and not answered;
 * 2. else that of the contexts that wait for its answer, nearest first: a client's connection has goroutines of its own, and a
 *    pool of workers takes work from others;
 * 3. else that of its creator, if that is still the request that the creator had when this context was first seen. Without
 *    anyone who waits this counts only if the context reads the answer itself: the goroutines of a kept connection outlive
 *    the request for which they were created.
 */
import type { ContextKind } from '../../schemas/generated/event-batch.ts';
import type { ExecutionContext } from './execution-context.ts';
import type { InboundRequest } from './messages.ts';

/** Whether contexts of this kind move between threads, or take turns on one that knows nothing of them. */
export const changesThreads = (kind: ContextKind): boolean =>
  kind === 'goroutine' || kind === 'coroutine' || kind === 'virtual_thread';

/**
 * The request for which a context makes a call.
 *
 * @param context - makes the call, or reads its answer
 * @param answersTo - pairs of a context that waits for an answer and its creator, by their ids
 * @param named - the context with an id
 */
export function requestServedBy(
  context: ExecutionContext,
  answersTo: readonly number[],
  named: (id: number, parentId: number) => ExecutionContext,
  at: 'call' | 'own answer' | 'answer',
): InboundRequest | undefined {
  if (at !== 'answer' && context.serves !== undefined) return context.serves;
  const waiting: ExecutionContext[] = [];
  for (let index = 0; index + 1 < answersTo.length; index += 2) {
    const id = answersTo[index]!;
    if (id !== 0) waiting.push(named(id, answersTo[index + 1]!));
  }
  for (const { serves } of waiting) if (serves !== undefined) return serves;
  for (const { worksFor } of waiting) if (worksFor !== undefined) return worksFor;
  return waiting.length === 0 && at === 'own answer' ? context.worksFor : undefined;
}
