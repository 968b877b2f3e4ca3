import { setTimeout as sleepByTimer } from 'node:timers/promises';
import { z } from 'zod';
import { type Answer, problems } from '../../http/answer.ts';
import { defineRoute, endlessRoute } from '../../http/define-route.ts';
import { SpanTail, type TailLook } from '../../store/span-tail.ts';
import { durationParameters, filterOf, spanParameters } from '../filter-parameters.ts';
import { spanSummaryJson } from '../span-summary-json.ts';
import { callsParameter } from './list-spans.ts';

/** Spans that match, as they are stored. */
export const tailSpans = defineRoute({
  name: 'tailSpans',
  path: '/api/spans/tail',
  summary:
    'Spans that match, as they are stored, as server-sent events: `spans` with a list, `skipped` with a count of those that were too many to send.',
  query: z.strictObject({ ...spanParameters, ...durationParameters, calls: callsParameter.prefault('true') }),
  answer: z.union([z.array(spanSummaryJson), z.object({ count: z.int() })]),
  mediaType: 'text/event-stream',
});

/** Between two looks at the database. */
const pauseMs = 1_000;
/** At least so many times what a look took is waited until the next: the database has others to serve. */
const pauseShare = 4;
/** A client hears something this often, so that what is between does not close the connection. */
const heartbeatMs = 15_000;

export const tailSpansRoute = endlessRoute(tailSpans, ({ query }, context) => {
  const tail = new SpanTail({ ...filterOf(query), onlyCalls: query.calls });
  const admitted = context.streams.enter(context.client, () => undefined);
  if (admitted.kind !== 'admitted')
    return Promise.resolve(problems(429, 'too many live views are open: close another one'));
  context.signal.addEventListener('abort', admitted.slot.leave, { once: true });
  const { reader, signal, inTurn } = context;
  const pieces = tailEvents({
    look: () => inTurn(() => tail.look(reader, BigInt(Date.now()) * 1_000_000n)),
    nowMs: () => performance.now(),
    sleep: (timeMs) => sleepByTimer(timeMs, undefined, { signal }),
  });
  const answer: Answer<never> = { kind: 'pieces', type: 'text/event-stream', pieces };
  return Promise.resolve(answer);
});

/** What looks are made of. */
export interface TailWork {
  /** Since the last one. */
  readonly look: () => Promise<TailLook>;
  /** Of a clock that only goes forward. */
  readonly nowMs: () => number;
  readonly sleep: (timeMs: number) => Promise<unknown>;
}

/** The events of a live view, until sleeping fails. */
export async function* tailEvents({ look, nowMs, sleep }: TailWork): AsyncGenerator<string> {
  // So that the client knows at once that it is connected.
  yield ': spanloom\n\n';
  let heardAtMs = nowMs();
  for (;;) {
    const startedAtMs = nowMs();
    const { spans, skipped } = await look();
    const tookMs = nowMs() - startedAtMs;
    let text = '';
    if (skipped > 0) text += event('skipped', { count: skipped });
    if (spans.length > 0) text += event('spans', spans);
    if (text === '' && nowMs() - heardAtMs >= heartbeatMs) text = ':\n\n';
    if (text !== '') {
      yield text;
      heardAtMs = nowMs();
    }
    await sleep(Math.max(pauseMs, pauseShare * tookMs));
  }
}

/** JSON has no line breaks, which would end the data. */
function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
