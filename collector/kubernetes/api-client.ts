/** HTTP to an API server: JSON requests, and watches as streams of lines. */
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { objectAt, numberAt, textAt } from './json.ts';

/** Where the API server is, and how to log in. */
export interface ApiAccess {
  readonly server: URL;
  /** Headers and TLS, asked for again from time to time: tokens and certificates change. */
  readonly options: () => Promise<RequestOptions>;
}

/** Status of an answer that is no JSON. */
export const unreadable = -1;

/** The API server did not answer, or not with what was asked for. */
export class ApiError extends Error {
  /** Status of HTTP, or of a watch's event; 0 where there was no answer, {@link unreadable} for one that says nothing. */
  readonly status: number;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number;

  constructor(status: number, message: string, retryAfterMs = 0) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** One request. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** Longest silence. */
  readonly silenceMs: number;
}

/** Longest line: an object has at most 1.5 MB in etcd, and a little more as JSON. */
const maxLineBytes = 16 * 1024 * 1024;
/** Longest body: a page of objects. */
const maxBodyBytes = 512 * 1024 * 1024;
const optionsForMs = 60_000;
const newline = 0x0a;

/** See the top of the file. */
export class ApiClient {
  readonly #access: ApiAccess;
  #options: { readonly options: RequestOptions; readonly untilMs: number } | undefined;

  constructor(access: ApiAccess) {
    this.#access = access;
  }

  /** The JSON of an answer. @throws ApiError for no answer, one that is no JSON, and a status of 400 or more */
  async json(request: ApiRequest): Promise<unknown> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.#chunks(request)) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) throw new ApiError(0, 'The answer is too long.');
      chunks.push(chunk);
    }
    return parsed(Buffer.concat(chunks));
  }

  /** The JSON of each line until the server ends the stream. @throws ApiError as {@link json}, also for a stream that breaks off */
  async *lines(request: ApiRequest): AsyncGenerator {
    let rest: Buffer[] = [];
    let restBytes = 0;
    for await (const chunk of this.#chunks(request)) {
      let start = 0;
      for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
        const line = Buffer.concat([...rest, chunk.subarray(start, end)]);
        rest = [];
        restBytes = 0;
        start = end + 1;
        if (line.length > 0) yield parsed(line);
      }
      if (start === chunk.length) continue;
      rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
      if (restBytes > maxLineBytes) throw new ApiError(unreadable, 'A line of the watch is too long.');
    }
    if (restBytes > 0) throw new ApiError(0, 'The watch ended within an object.');
  }

  async *#chunks(request: ApiRequest): AsyncGenerator<Buffer> {
    const response = await this.#open(request);
    try {
      for await (const chunk of response) yield chunk as Buffer;
    } catch (error) {
      throw request.signal.aborted ? error : new ApiError(0, `The answer broke off: ${(error as Error).message}`);
    } finally {
      response.destroy();
    }
  }

  async #open(wanted: ApiRequest): Promise<IncomingMessage> {
    const { method = 'GET', path, query = {}, body, signal, silenceMs } = wanted;
    const url = new URL(this.#access.server);
    url.pathname = url.pathname.replace(/\/$/, '') + path;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const options = await this.#currentOptions();
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const request = send(url, {
        ...options,
        method,
        signal,
        headers: {
          ...(options.headers as OutgoingHttpHeaders | undefined),
          accept: 'application/json',
          ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': text.length }),
        },
      });
      request.setTimeout(silenceMs, () => request.destroy(new Error(`silence for ${silenceMs} ms`)));
      request.once('response', resolve);
      request.once('error', (error) =>
        reject(signal.aborted ? error : new ApiError(0, `The API server does not answer: ${error.message}`)),
      );
      request.end(text);
    });
    if ((response.statusCode ?? 0) >= 400) throw await refusal(response);
    return response;
  }

  async #currentOptions(): Promise<RequestOptions> {
    const nowMs = performance.now();
    if (this.#options === undefined || nowMs >= this.#options.untilMs)
      try {
        this.#options = { options: await this.#access.options(), untilMs: nowMs + optionsForMs };
      } catch (error) {
        throw new ApiError(0, `The login to the API server failed: ${(error as Error).message}`);
      }
    return this.#options.options;
  }
}

/** What a refusal says: the `Status` object of Kubernetes where it is one. */
async function refusal(response: IncomingMessage): Promise<ApiError> {
  const status = response.statusCode ?? 0;
  const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1000;
  let text = '';
  try {
    for await (const chunk of response) if (text.length < 4096) text += String(chunk);
  } catch {
    // The status says enough.
  }
  let message = text.slice(0, 200);
  try {
    message = textAt(JSON.parse(text), 'message') || message;
  } catch {
    // No Status object.
  }
  return new ApiError(status, `The API server answers ${status}: ${message}`, retryAfterMs || 0);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new ApiError(unreadable, 'The answer is no JSON.');
  }
}

/** What an event of the type ERROR says. */
export function errorOfEvent(object: unknown): ApiError {
  const status = objectAt(object);
  const text = textAt(status, 'message') || textAt(status, 'reason') || 'no reason';
  return new ApiError(numberAt(status, 'code'), `The watch ends: ${text}`);
}
