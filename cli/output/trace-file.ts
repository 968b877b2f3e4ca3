import { fileError } from '../../core/files/file-error.ts';
import { openOutputFile } from '../../core/files/output-file.ts';
import { type SpanNames, traceToJson } from '../../schemas/trace-json.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';

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

const chunkLength = 256 * 1024;

function* inChunks(pieces: Iterable<string>): Generator<string, void, void> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

/** A file for traces that do not exist yet. */
export interface TraceFile {
  /** Writes it; what was there before is replaced when all of it is written. */
  write(traces: readonly Trace[], namesOf: (span: Span) => SpanNames): Promise<void>;
  /** Closes it. Unless it was written, everything is as it was before. */
  close(): Promise<void>;
}

/** Opens a file of traces, so that it is known before the work begins that it can be written; without a path, none. */
export async function openTraceFile(path: string | undefined): Promise<TraceFile | undefined> {
  if (path === undefined) return undefined;
  const output = await openOutputFile(path);
  return {
    async write(traces, namesOf) {
      try {
        for (const chunk of inChunks(traceFileText(traces, namesOf))) await output.write(chunk);
        await output.keep();
      } catch (error) {
        throw fileError(path, 'written', error);
      }
    },
    close: () => output.close(),
  };
}
