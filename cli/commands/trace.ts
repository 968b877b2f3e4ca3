import { namedTraceToJson } from '../../query/named-trace-json.ts';
import type { NamedTrace } from '../../query/trace-store.ts';
import { NotFoundError, UsageError } from '../process/exit-codes.ts';
import { likelyCallersOf, likelyCallsOf, withLikelyCall } from '../output/likely-calls.ts';
import { printable, shortened } from '../output/printable.ts';
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

const viewOf = ({ trace: record, names }: NamedTrace): WaterfallTrace =>
  toWaterfallTrace(record, (span) => names.get(span.spanId));

/** Shows one stored trace, as a waterfall or as JSON. */
export async function trace(text: string, json: boolean): Promise<void> {
  const id = traceIdOf(text);
  const store = await openStoredTraces(loadSettings());
  try {
    const found = await store.findTrace(id);
    if (found.kind === 'missing')
      throw new NotFoundError(`There is no trace ${id.length < 32 ? `that begins with ${id}` : id}.`);
    if (found.kind === 'ambiguous') {
      const candidates = found.traceIds.slice(0, shownCandidates).join(', ');
      throw new UsageError(`Several traces begin with ${id}, such as ${candidates}: give more digits.`);
    }
    const { storedTraceId, alsoCarriedBy } = found.named;
    if (json) {
      process.stdout.write(`${JSON.stringify(namedTraceToJson(found.named))}\n`);
      return;
    }
    const edges = await store.likelyEdges(storedTraceId);
    let view = viewOf(found.named);
    for (const edge of likelyCallsOf(storedTraceId, edges)) {
      const other = await store.findTrace(edge.traceId);
      if (other.kind === 'found') view = withLikelyCall(view, edge, viewOf(other.named));
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
