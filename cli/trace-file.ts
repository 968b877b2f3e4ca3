import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type SpanNames, traceToJson } from '../schemas/trace-json.ts';
import type { Span } from '../schemas/generated/span.ts';
import type { Trace } from '../schemas/generated/trace.ts';

/** Traces as in a file: by start, then by id, so that equal traces make equal files. */
export function inFileOrder(traces: readonly Trace[]): readonly Trace[] {
  return traces.toSorted(
    (left, right) =>
      (left.startTimeNs < right.startTimeNs ? -1 : left.startTimeNs > right.startTimeNs ? 1 : 0) ||
      (left.traceId < right.traceId ? -1 : 1),
  );
}

/** The text of a file of traces, `{"traces":[…]}` with a trace a line, in pieces. */
function* traceFileText(traces: readonly Trace[], namesOf: (span: Span) => SpanNames): Generator<string, void, void> {
  let separator = '{"traces":[\n';
  for (const trace of inFileOrder(traces)) {
    yield `${separator}${JSON.stringify(traceToJson(trace, namesOf))}`;
    separator = ',\n';
  }
  yield traces.length === 0 ? '{"traces":[]}\n' : '\n]}\n';
}

/** Writes a file of traces. */
export async function writeTraceFile(
  path: string,
  traces: readonly Trace[],
  namesOf: (span: Span) => SpanNames,
): Promise<void> {
  await pipeline(Readable.from(traceFileText(traces, namesOf)), createWriteStream(path));
}
