/** OTLP over HTTP: POST /v1/traces, in protobuf or JSON, plain or in gzip. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { answerHeaders } from '../../core/http/answer-headers.ts';
import { closeServer, createBoundedServer, serverLimits } from '../../core/http/bounded-server.ts';
import { listen } from '../../core/listen.ts';
import { JsonTracesError, tracesFromJson } from '../../opentelemetry/traces-from-json.ts';
import { exportResponse, exportResponseJson, type Outcome, retryAfterSeconds, rpcCodes, rpcStatus } from './answers.ts';
import type { OtlpConfig } from './config.ts';
import type { Intake } from './intake.ts';
import { senderAddress } from './sender-address.ts';

const inflate = promisify(gunzip);

/** A request that is answered with an error. */
class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const limits = { ...serverLimits, requestTimeoutMs: 30_000, keepAliveTimeoutMs: 60_000, maxRequestsPerConnection: 0 };

type Encoding = 'protobuf' | 'json';

/** The receiver while it listens. */
export class HttpReceiver {
  readonly #config: OtlpConfig;
  readonly #intake: Intake;
  readonly #server: Server;
  port = 0;

  /** @throws PipelineError ENVIRONMENT_UNSUPPORTED when the port cannot be taken */
  static async start(config: OtlpConfig, intake: Intake): Promise<HttpReceiver> {
    const receiver = new HttpReceiver(config, intake);
    receiver.port = await listen(receiver.#server, {
      ...{ host: config.address, port: config.httpPort, what: 'The receiver of OTLP over HTTP' },
      portSetting: 'SPANLOOM_COLLECTOR_OTLP_HTTP_PORT',
    });
    return receiver;
  }

  private constructor(config: OtlpConfig, intake: Intake) {
    this.#config = config;
    this.#intake = intake;
    this.#server = createBoundedServer(limits, (request, response) => void this.#serve(request, response));
  }

  async close(): Promise<void> {
    await closeServer(this.#server);
  }

  /** Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request);
    try {
      const outcome = await this.#take(request, encoding);
      answer(response, encoding ?? 'protobuf', outcome);
    } catch (error) {
      const { status, message } =
        error instanceof Refusal ? error : new Refusal(500, 'The request could not be taken.');
      // The rest of its body is not read.
      if (!request.complete) response.setHeader('connection', 'close');
      refuse(response, encoding ?? 'json', status, message);
    }
  }

  async #take(request: IncomingMessage, encoding: Encoding | undefined): Promise<Outcome> {
    if (request.url?.split('?')[0] !== '/v1/traces')
      throw new Refusal(404, 'Spans are received at /v1/traces. Metrics and logs are not received.');
    if (request.method !== 'POST') throw new Refusal(405, 'Spans are sent by POST.');
    if (encoding === undefined)
      throw new Refusal(415, 'The content type must be application/x-protobuf or application/json.');
    const { obstacle } = this.#intake;
    if (obstacle !== undefined) return { kind: 'busy', message: obstacle };
    const sender = senderAddress(request.socket.remoteAddress);
    const body = await this.#inflated(request, await this.#body(request));
    try {
      return await this.#intake.receive(encoding === 'json' ? tracesFromJson(body.toString('utf8')) : body, sender);
    } catch (error) {
      if (error instanceof JsonTracesError) return { kind: 'malformed', message: `This is no OTLP: ${error.message}.` };
      throw error;
    }
  }

  async #body(request: IncomingMessage): Promise<Buffer> {
    const { maxRequestBytes } = this.#config;
    const { budget } = this.#intake;
    const tooLarge = new Refusal(413, `The request has more than ${maxRequestBytes} bytes.`);
    if (Number(request.headers['content-length'] ?? 0) > maxRequestBytes) throw tooLarge;
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        if (bytes + chunk.length > maxRequestBytes) throw tooLarge;
        if (!budget.take(chunk.length)) throw new Refusal(429, 'Too many spans wait for the bus.');
        bytes += chunk.length;
        chunks.push(chunk);
      }
    } catch (error) {
      throw error instanceof Refusal ? error : new Refusal(400, 'The request has not come whole.');
    } finally {
      budget.giveBack(bytes);
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  async #inflated(request: IncomingMessage, body: Buffer): Promise<Buffer> {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
    if (encoding === 'identity' || encoding === '') return body;
    if (encoding !== 'gzip')
      throw new Refusal(415, `The content encoding must be gzip or identity, not ${encoding.slice(0, 30)}.`);
    const { maxInflatedBytes } = this.#config;
    const { budget } = this.#intake;
    // What it inflates to is not known before.
    budget.takeAnyway(body.length);
    try {
      return await inflate(body, { maxOutputLength: maxInflatedBytes });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw new Refusal(413, `The request has more than ${maxInflatedBytes} bytes after gzip is undone.`);
      throw new Refusal(400, 'The request is not in gzip.');
    } finally {
      budget.giveBack(body.length);
    }
  }
}

function encodingOf({ headers }: IncomingMessage): Encoding | undefined {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

function answer(response: ServerResponse, encoding: Encoding, outcome: Outcome): void {
  if (outcome.kind === 'malformed') refuse(response, encoding, 400, outcome.message);
  else if (outcome.kind === 'busy') refuse(response, encoding, 429, outcome.message);
  else {
    const { refused, message } = outcome;
    send(
      response,
      encoding,
      200,
      encoding === 'json' ? exportResponseJson(refused, message) : exportResponse(refused, message),
    );
  }
}

function refuse(response: ServerResponse, encoding: Encoding, status: number, message: string): void {
  if (status === 429) response.setHeader('retry-after', String(retryAfterSeconds));
  if (status === 405) response.setHeader('allow', 'POST');
  const code =
    status === 429
      ? rpcCodes.unavailable
      : status === 404
        ? rpcCodes.notFound
        : status === 413
          ? rpcCodes.resourceExhausted
          : rpcCodes.invalidArgument;
  send(response, encoding, status, encoding === 'json' ? JSON.stringify({ code, message }) : rpcStatus(code, message));
}

function send(response: ServerResponse, encoding: Encoding, status: number, body: string | Buffer): void {
  const type = encoding === 'json' ? 'application/json' : 'application/x-protobuf';
  response.writeHead(status, { ...answerHeaders, 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
