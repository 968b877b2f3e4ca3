/**
 * A client of the Schema Registry REST API, the part that serializers need
 * (https://docs.confluent.io/platform/current/schema-registry/develop/api.html): register a schema, fetch one by id.
 */
import { PipelineError } from '../errors.ts';

/** A Schema Registry: schemas by id. Both methods cache answers. */
export interface SchemaRegistry {
  /**
   * Registers a schema under a subject, or finds it there, and returns its id.
   *
   * @throws PipelineError REGISTRY_UNAVAILABLE (retryable); REGISTRY_REFUSED, for one when the schema is not compatible
   *   with those before
   */
  register(subject: string, schemaText: string): Promise<number>;
  /** The text of a schema; undefined when the registry has none of this id, or one that is not Avro. */
  schemaOf(id: number): Promise<string | undefined>;
}

/** Where the registry is, and who asks. */
export interface SchemaRegistryOptions {
  /** http(s)://host:8081, perhaps with a path. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** Longest time for one request, in milliseconds. */
  readonly requestTimeoutMs: number;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const contentType = 'application/vnd.schemaregistry.v1+json';
/** Escaped twice, the largest schema that is taken (schemas/avro-schema.ts) stays below. */
const maxAnswerBytes = 2 * 1024 * 1024;
/** Schemas that are remembered; ids come from messages, so there may be any number. */
const maxRemembered = 1_000;
/** An id that was unknown is asked for again after this time: a replica of the registry may have been behind. */
const unknownForMs = 30_000;

/** Connects to a registry; nothing is asked before the first call. */
export function connectSchemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  const client = new RegistryClient(options);
  const registered = new Map<string, Promise<number>>();
  const fetched = new Map<number, Promise<string | undefined>>();
  return {
    register: (subject, schemaText) =>
      remembered(registered, `${subject} ${schemaText}`, () => client.register(subject, schemaText)),
    async schemaOf(id) {
      const text = await remembered(fetched, id, () => client.fetchSchema(id));
      if (text === undefined) setTimeout(() => fetched.delete(id), unknownForMs).unref();
      return text;
    },
  };
}

/** Asks the registry each time. */
class RegistryClient {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #requestTimeoutMs: number;

  constructor({ url, user, password = '', requestTimeoutMs }: SchemaRegistryOptions) {
    this.#base = url.replace(/\/+$/, '');
    const credentials = user === undefined ? undefined : Buffer.from(`${user}:${password}`).toString('base64');
    this.#headers = {
      accept: `${contentType}, application/json`,
      ...(credentials === undefined ? {} : { authorization: `Basic ${credentials}` }),
    };
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers: body === undefined ? this.#headers : { ...this.#headers, 'content-type': contentType },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(this.#requestTimeoutMs),
      });
      text = await boundedText(response);
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown };
      const reason = cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message;
      throw this.#unavailable(reason, error);
    }
    const { status } = response;
    const answer = { status, body: objectIn(text) };
    if (status >= 500 || status === 429 || status === 408) throw this.#unavailable(`${status} ${messageOf(answer)}`);
    return answer;
  }

  #unavailable(reason: string, cause?: unknown): PipelineError {
    const text = `The schema registry at ${this.#base} does not answer: ${reason}`;
    return new PipelineError('REGISTRY_UNAVAILABLE', text, { retryable: true, cause });
  }

  /** As {@link SchemaRegistry.register}, and remembers nothing. */
  async register(subject: string, schemaText: string): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const answer = await this.#ask('POST', path, { schema: schemaText, schemaType: 'AVRO' });
    const id = answer.body['id'];
    if (answer.status === 200 && typeof id === 'number') return id;
    const why =
      answer.status === 409
        ? 'its rules of compatibility forbid it after those before'
        : answer.status === 401 || answer.status === 403
          ? 'these credentials may not'
          : `status ${answer.status}`;
    const text = `The schema registry at ${this.#base} refused the schema of ${subject}: ${why}: ${messageOf(answer)}`;
    throw new PipelineError('REGISTRY_REFUSED', text);
  }

  /** As {@link SchemaRegistry.schemaOf}, and remembers nothing. */
  async fetchSchema(id: number): Promise<string | undefined> {
    const answer = await this.#ask('GET', `/schemas/ids/${id}`);
    if (answer.status === 401 || answer.status === 403) {
      const text = `The schema registry at ${this.#base} does not let these credentials read: ${messageOf(answer)}`;
      throw new PipelineError('REGISTRY_REFUSED', text);
    }
    // Any other answer about an id: the id came from a message, and bad input must not end a stage.
    const { schema, schemaType = 'AVRO' } = answer.body;
    return answer.status === 200 && schemaType === 'AVRO' && typeof schema === 'string' ? schema : undefined;
  }
}

/** Asks once for each key, also when several ask at a time; what failed is asked again. */
function remembered<Key, Value>(known: Map<Key, Promise<Value>>, key: Key, ask: () => Promise<Value>): Promise<Value> {
  let value = known.get(key);
  if (value === undefined) {
    value = ask();
    // Evicts the oldest entry; it can be asked for again.
    if (known.size >= maxRemembered) for (const oldest of [...known.keys()].slice(0, 1)) known.delete(oldest);
    known.set(key, value);
    value.catch(() => known.delete(key));
  }
  return value;
}

/** The body of an answer; a longer one than any schema has is broken off. */
async function boundedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  if (response.body !== null)
    // Left early, the loop cancels what is still to come.
    for await (const piece of response.body as AsyncIterable<Uint8Array>) {
      bytes += piece.length;
      if (bytes > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
      pieces.push(piece);
    }
  return Buffer.concat(pieces).toString();
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

function messageOf({ body }: Answer): string {
  const { message } = body;
  return typeof message === 'string' && message !== '' ? message : 'without a reason';
}
