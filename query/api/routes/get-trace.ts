import { z } from 'zod';
import { type Answer, problems } from '../../http/answer.ts';
import { defineRoute, type RouteContext, streamRoute } from '../../http/define-route.ts';
import type { NamedSpan, OpenedTrace } from '../../store/trace-store.ts';
import { untilUnchanged } from '../../store/until-unchanged.ts';
import { identifiedTraceToJson } from '../named-trace-json.ts';
import { storedSpanToJson } from '../reported-details-json.ts';
import { traceJson } from '../trace-json-schema.ts';

/** A trace with its spans. */
export const getTrace = defineRoute({
  name: 'getTrace',
  path: '/api/traces/:id',
  summary: 'A trace with its spans, by any of its ids or the first digits of one; 409 where several traces begin so.',
  pathParameters: z.strictObject({
    id: z
      .string()
      .regex(/^[0-9a-fA-F]{1,32}$/, 'must be 1 to 32 hexadecimal digits')
      .meta({ description: 'Public id, stored id, W3C trace id, or the first digits of one.' }),
  }),
  answer: traceJson,
});

export const getTraceRoute = streamRoute(getTrace, ({ path }, context) => traceAnswer(path.id, context));

function traceAnswer(id: string, { store, signal, inTurn }: RouteContext): Promise<Answer<never>> {
  return untilUnchanged(async () => {
    const opened = await inTurn(() => store.openTrace(id.toLowerCase(), signal));
    if (opened.kind === 'missing') return problems(404, `there is no trace ${id}`);
    if (opened.kind === 'ambiguous') return severalTraces(id, opened.traceIds);
    const pages = opened.pages[Symbol.asyncIterator]();
    const next = (): Promise<IteratorResult<readonly NamedSpan[]>> => inTurn(() => pages.next());
    const first = await next();
    return { kind: 'pieces', pieces: traceText(opened, first, next) };
  });
}

/** Several traces begin with these digits. */
export function severalTraces(id: string, traceIds: readonly string[]): Answer<never> {
  const { body } = problems(409, `several traces begin with ${id}`);
  return { kind: 'whole', status: 409, body: { ...body, trace_ids: traceIds } };
}

/** A trace as in schemas/trace-json.ts, page by page. */
async function* traceText(
  opened: Extract<OpenedTrace, { kind: 'found' }>,
  first: IteratorResult<readonly NamedSpan[]>,
  next: () => Promise<IteratorResult<readonly NamedSpan[]>>,
): AsyncGenerator<string> {
  const empty = '"spans":[';
  const text = JSON.stringify(identifiedTraceToJson(opened.head, opened));
  // Within a text its quotes would have backslashes, so this is the field.
  const at = text.indexOf(empty) + empty.length;
  let before = text.slice(0, at);
  for (let page = first; page.done !== true; page = await next()) {
    if (page.value.length === 0) continue;
    yield before + page.value.map(({ span, names }) => JSON.stringify(storedSpanToJson(span, names))).join(',');
    before = ',';
  }
  yield (before === ',' ? '' : before) + text.slice(at);
}
