/** Answers of Jaeger's first API: everything is in an envelope. */
import type { JsonObject, JsonValue } from '../../schemas/trace-json.ts';
import type { Answer } from '../http/answer.ts';

/** What ends the envelope of a list of traces, which Jaeger does not count. */
export const envelopeEnd = ',"total":0,"limit":0,"offset":0,"errors":null}';

/** A list. */
export function jaegerList(data: readonly JsonValue[], total = data.length): Answer<never> {
  return enveloped(200, data, total, null);
}

/** Why there is none. */
export function jaegerError(status: number, message: string): Answer<never> {
  return enveloped(status, null, 0, [{ code: status, msg: message }]);
}

// The envelope has nulls, which no JSON of ours has.
function enveloped(status: number, data: unknown, total: number, errors: unknown): Answer<never> {
  return { kind: 'whole', status, body: { data, total, limit: 0, offset: 0, errors } as unknown as JsonObject };
}

/** An error of the third API. */
export function gatewayError(status: number, message: string): Answer<never> {
  return { kind: 'whole', status, body: { error: { httpCode: status, message } } };
}
