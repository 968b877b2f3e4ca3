import { traceToJson } from '../../schemas/trace-json.ts';
import { NotFoundError, UsageError } from '../exit-codes.ts';
import { loadSettings } from '../settings.ts';
import { openStoredTraces } from '../stored-traces.ts';
import { paintFor, widthOf } from '../style.ts';
import { waterfallOf } from '../waterfall-view.ts';
import { renderWaterfall } from '../waterfall.ts';

const shownCandidates = 5;

/** Shows one stored trace, as a waterfall or as JSON. */
export async function trace(id: string, json: boolean): Promise<void> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(id))
    throw new UsageError(`"${id}" is no trace id: those have up to 32 hexadecimal digits.`);
  const store = await openStoredTraces(loadSettings());
  try {
    const found = await store.findTrace(id.toLowerCase());
    if (found.kind === 'missing') throw new NotFoundError(`There is no trace ${id}.`);
    if (found.kind === 'ambiguous') {
      const candidates = found.traceIds.slice(0, shownCandidates).join(', ');
      throw new UsageError(`Several traces begin with ${id}, such as ${candidates}: give more digits.`);
    }
    const { trace: record, names } = found.named;
    if (json) {
      process.stdout.write(`${JSON.stringify(traceToJson(record, (span) => names.get(span.spanId)!))}\n`);
      return;
    }
    const view = waterfallOf(record, (span) => names.get(span.spanId));
    const lines = renderWaterfall(view, {
      width: widthOf(process.stdout),
      paint: paintFor(process.stdout, process.env),
    });
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await store.close();
  }
}
