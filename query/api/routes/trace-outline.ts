import { type Answer, problems } from '../../http/answer.ts';
import { defineRoute, type RouteContext, streamRoute } from '../../http/define-route.ts';
import { findTraceRow, type FoundTraceRow } from '../../store/clickhouse-trace-store.ts';
import { type OutlineEnd, readOutline } from '../../store/trace-outline.ts';
import { untilUnchanged } from '../../store/until-unchanged.ts';
import { type OutlinePageJson, traceOutlineJson } from '../trace-outline-json.ts';
import { outlineText } from '../outline-text.ts';
import { getTrace, severalTraces } from './get-trace.ts';

/** A trace as a picture needs it. */
export const traceOutline = defineRoute({
  name: 'traceOutline',
  path: '/api/traces/:id/outline',
  summary: 'What a picture needs of all spans of a trace, as columns: 250,000 spans at most, the first by their start.',
  pathParameters: getTrace.pathParameters,
  answer: traceOutlineJson,
});

export const traceOutlineRoute = streamRoute(traceOutline, ({ path }, context) => outlineAnswer(path.id, context));

function outlineAnswer(id: string, { reader, inTurn }: RouteContext): Promise<Answer<never>> {
  return untilUnchanged(async () => {
    const found = await inTurn(() => findTraceRow(reader, id.toLowerCase()));
    if (found.kind === 'missing') return problems(404, `there is no trace ${id}`);
    if (found.kind === 'ambiguous') return severalTraces(id, found.traceIds);
    const pages = readOutline(reader, found.row);
    const next = (): Promise<IteratorResult<OutlinePageJson, OutlineEnd>> => inTurn(() => pages.next());
    const first = await next();
    return { kind: 'pieces', pieces: outlineText(headOf(found), first, next) };
  });
}

function headOf({ row, traceId, alsoCarriedBy }: Extract<FoundTraceRow, { kind: 'found' }>) {
  const { trace_id: storedId, revision } = row;
  return { trace_id: traceId, stored_trace_id: storedId, also_carried_by: [...alsoCarriedBy], revision };
}
