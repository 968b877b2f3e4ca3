/** Reads a trace and computes its model beside the page, which stays usable meanwhile. */
import { ApiError } from '../../api/api-error.ts';
import { ask, refusal } from '../../api/ask.ts';
import { readOutline } from '../model/read-outline.ts';
import { traceModel } from '../model/trace-model.ts';
import type { TraceReply, TraceRequest } from './messages.ts';

const reply = (message: TraceReply): void => postMessage(message);

async function read(path: string, token: string): Promise<void> {
  try {
    const response = await ask(path, token);
    if (!response.ok) throw await refusal(response);
    const trace = await readOutline(textOf(response), (spans) => reply({ kind: 'progress', spans }));
    const model = traceModel(trace.head, trace.columns);
    postMessage({ kind: 'model', model } satisfies TraceReply, { transfer: buffersOf(model) });
  } catch (error) {
    reply(failure(error));
  }
}

/** Columns change hands instead of being copied. Each has a buffer of its own. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return [value.buffer as ArrayBuffer];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return [...new Set(Object.values(value).flatMap(buffersOf))];
}

async function* textOf(response: Response): AsyncGenerator<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function failure(error: unknown): TraceReply {
  if (error instanceof ApiError)
    return { kind: 'failed', status: error.status, problems: error.problems, body: error.body };
  const problem =
    error instanceof SyntaxError ? 'the answer is incomplete: the trace may have changed meanwhile' : String(error);
  return { kind: 'failed', status: 0, problems: [problem], body: {} };
}

addEventListener('message', ({ data }: MessageEvent<TraceRequest>) => {
  void read(data.path, data.token);
});
