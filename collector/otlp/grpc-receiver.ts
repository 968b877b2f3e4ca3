/** OTLP over gRPC: TraceService/Export. Messages are taken as bytes; there is no generated code. */
import { createServer, type Server as NetServer } from 'node:net';
import { Metadata, type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { listen } from '../../core/listen.ts';
import { exportResponse, type Outcome, retryAfterSeconds, rpcCodes, rpcStatus } from './answers.ts';
import type { OtlpConfig } from './config.ts';
import type { Intake } from './intake.ts';
import { senderAddress } from './sender-address.ts';

/** One method, as protoc would declare it. */
const traceService = {
  export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
} as const;

/** gRPC reads a message whole before it is handed over, so connections and calls at a time bound its memory. */
const maxConnections = 64;
const maxCallsPerConnection = 16;
const closeWithinMs = 1_000;

/** The receiver while it listens. */
export class GrpcReceiver {
  readonly #intake: Intake;
  readonly #grpc: Server;
  readonly #server: NetServer;
  port = 0;

  /** @throws PipelineError ENVIRONMENT_UNSUPPORTED when the port cannot be taken */
  static async start(config: OtlpConfig, intake: Intake): Promise<GrpcReceiver> {
    const receiver = new GrpcReceiver(config, intake);
    receiver.port = await listen(receiver.#server, {
      ...{ host: config.address, port: config.grpcPort, what: 'The receiver of OTLP over gRPC' },
      portSetting: 'SPANLOOM_COLLECTOR_OTLP_GRPC_PORT',
    });
    return receiver;
  }

  private constructor({ maxInflatedBytes }: OtlpConfig, intake: Intake) {
    this.#intake = intake;
    this.#grpc = new Server({
      // Before and after gzip is undone.
      'grpc.max_receive_message_length': maxInflatedBytes,
      'grpc.max_concurrent_streams': maxCallsPerConnection,
      'grpc.max_connection_idle_ms': 600_000,
      'grpc.keepalive_time_ms': 60_000,
      'grpc.keepalive_timeout_ms': 20_000,
    });
    this.#grpc.addService(traceService, {
      export: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        void this.#export(call, callback);
      },
    });
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    // A listener of our own: gRPC's cannot say how many connections it takes.
    this.#server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      injector.injectConnection(socket);
    });
    this.#server.maxConnections = maxConnections;
  }

  async close(): Promise<void> {
    this.#server.close();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#grpc.forceShutdown();
        resolve();
      }, closeWithinMs);
      this.#grpc.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async #export(call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): Promise<void> {
    try {
      const outcome = await this.#intake.receive(call.request, senderAddress(addressOf(call.getPeer())));
      if (outcome.kind === 'stored') callback(null, exportResponse(outcome.refused, outcome.message));
      else callback(failure(outcome));
    } catch {
      callback({ code: status.INTERNAL, details: 'The request could not be taken.' });
    }
  }
}

/** Address of `127.0.0.1:4711` and `[::1]:4711`. */
const addressOf = (peer: string): string => peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

function failure({ kind, message }: Exclude<Outcome, { kind: 'stored' }>) {
  const isBusy = kind === 'busy';
  const code = isBusy ? rpcCodes.unavailable : rpcCodes.invalidArgument;
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', rpcStatus(code, message, isBusy ? retryAfterSeconds : undefined));
  return { code: isBusy ? status.UNAVAILABLE : status.INVALID_ARGUMENT, details: message, metadata };
}
