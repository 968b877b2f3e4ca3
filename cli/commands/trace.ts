import { namedTraceToJson } from '../../query/api/named-trace-json.ts';
import { traceFlowToJson } from '../../query/api/trace-flow-json.ts';
import type { NamedTrace, TraceFlow } from '../../query/store/trace-store.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { NotFoundError, UsageError } from '../process/exit-codes.ts';
import { flowNote } from '../output/flow-note.ts';
import { likelyCallersOf, likelyCallsOf, withLikelyCall } from '../output/likely-calls.ts';
import { printable, shortened } from '../output/printable.ts';
import { reportedNote } from '../output/reported-note.ts';
import { loadSettings } from '../settings.ts';
import { openStoredTraces } from '../stored-traces.ts';
import { paintFor, widthOf } from '../output/style.ts';
import { toWaterfallTrace } from '../output/to-waterfall-trace.ts';
import { renderWaterfall, type WaterfallTrace } from '../output/waterfall.ts';

const shownCandidates = 5;

/** The id, or its beginning as lists on a terminal show it: with … behind it. @throws UsageError when it is none */
export function traceIdOf(text: string): string {
  const id = text.trim().replace(/(…|\.\.\.)$/, '');
  if (!/^[0-9a-fA-F]{1,32}$/.test(id)) {
    const shown = printable(shortened(text, 60));
    throw new UsageError(`"${shown}" is no trace id: those have up to 32 hexadecimal digits.`);
  }
  return id.toLowerCase();
}

/** Options of `spanloom trace`. */
export interface TraceOptions {
  readonly json?: boolean;
  /** With what became of its packets. */
  readonly flows?: boolean;
  /** With what applications reported with their spans. */
  readonly attributes?: boolean;
}

/** Shows one stored trace, as a waterfall or as JSON. */
export async function trace(
  text: string,
  { json = false, flows = false, attributes = false }: TraceOptions,
): Promise<void> {
  const id = traceIdOf(text);
  const store = await openStoredTraces(loadSettings());
  const flowsOf = ({ storedTraceId }: NamedTrace): Promise<readonly TraceFlow[]> =>
    flows ? store.traceFlows(storedTraceId) : Promise.resolve([]);
  const viewOf = async (named: NamedTrace): Promise<WaterfallTrace> => {
    const flowNote = flowNotes(await flowsOf(named));
    const noteOf = (span: Span): readonly string[] => [...(attributes ? reportedNote(span) : []), ...flowNote(span)];
    return toWaterfallTrace(named.trace, (span) => named.names.get(span.spanId), noteOf);
  };
  try {
    const found = await store.findTrace(id);
    if (found.kind === 'missing')
      throw new NotFoundError(`There is no trace ${id.length < 32 ? `that begins with ${id}` : id}.`);
    if (found.kind === 'ambiguous') {
      const candidates = found.traceIds.slice(0, shownCandidates).join(', ');
      throw new UsageError(`Several traces begin with ${id}, such as ${candidates}: give more digits.`);
    }
    const { named } = found;
    const { storedTraceId, alsoCarriedBy } = named;
    if (json) {
      const shown = flows ? { flows: (await flowsOf(named)).map(traceFlowToJson) } : {};
      process.stdout.write(`${JSON.stringify({ ...namedTraceToJson(named), ...shown })}\n`);
      return;
    }
    const edges = await store.likelyEdges(storedTraceId);
    let view = await viewOf(named);
    for (const edge of likelyCallsOf(storedTraceId, edges)) {
      const other = await store.findTrace(edge.traceId);
      if (other.kind === 'found') view = withLikelyCall(view, edge, await viewOf(other.named));
    }
    const lines = renderWaterfall(view, {
      width: widthOf(process.stdout),
      paint: paintFor(process.stdout, process.env),
    });
    process.stdout.write(`${lines.join('\n')}\n`);
    for (const { parentTraceId, confidence } of likelyCallersOf(storedTraceId, edges))
      process.stdout.write(`Likely part of trace ${printable(parentTraceId)} (${(confidence * 100).toFixed(1)} %).\n`);
    if (alsoCarriedBy.length > 0)
      process.stdout.write(`Also carry this W3C trace id: ${alsoCarriedBy.map(printable).join(', ')}\n`);
  } finally {
    await store.close();
  }
}

/** What there is to say below each span of packets. */
function flowNotes(flows: readonly TraceFlow[]): (span: Span) => readonly string[] {
  const keyOf = ({ agentId, flowId }: Pick<TraceFlow, 'agentId' | 'flowId'>): string => `${agentId}/${flowId}`;
  const notes = new Map(flows.map((flow) => [keyOf(flow), flowNote(flow)]));
  return (span) => notes.get(keyOf(span)) ?? [];
}
