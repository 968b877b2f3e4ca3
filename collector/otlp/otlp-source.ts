/**
 * The source of what applications report by OpenTelemetry.
 *
 * Input: OTLP over gRPC and HTTP. Output: EventBatches of source `applications`; the programs as resources. State: requests
 * that the bus has not stored, and known programs. Bounds: SPANLOOM_COLLECTOR_OTLP_MAX_BUFFERED_BYTES, _MAX_REQUEST_BYTES,
 * _MAX_INFLATED_BYTES and _MAX_PROCESSES.
 */
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting } from '../../core/stage/stage.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { refusals } from '../../opentelemetry/check-span.ts';
import { captureLossReasons } from '../capture/batch-sender.ts';
import { collectorEvents } from '../internal-events.ts';
import type { RunningSource, Source, SourceContext } from '../source.ts';
import type { OtlpConfig } from './config.ts';
import { GrpcReceiver } from './grpc-receiver.ts';
import { HttpReceiver } from './http-receiver.ts';
import { Intake, type OtlpCounters } from './intake.ts';
import { countOtlp } from './otlp-metrics.ts';

/** How long requests on their way may take when the source ends. */
const stopWithinMs = 5_000;
const aliveEveryMs = 1_000;

/** See the top of the file. */
export class OtlpSource implements Source {
  readonly name = 'otlp';
  readonly #config: OtlpConfig;
  readonly #telemetry: Telemetry;
  readonly #counters: OtlpCounters = new Counters([...captureLossReasons, 'own'], refusals);

  constructor(config: OtlpConfig, telemetry: Telemetry) {
    this.#config = config;
    this.#telemetry = telemetry;
  }

  /** Spans by what became of them. */
  accounting(): Accounting {
    return this.#counters;
  }

  async start(context: SourceContext): Promise<RunningOtlp> {
    const { maxBufferedBytes, maxAge, maxProcesses, grpcPort, httpPort } = this.#config;
    context.health.starts(this.name);
    const intake = new Intake({
      ...{ context, counters: this.#counters, maxBufferedBytes, maxProcesses },
      maxAgeMs: maxAge,
    });
    countOtlp(this.#telemetry, () => intake.budget.used);
    const http = httpPort === 0 ? undefined : await HttpReceiver.start(this.#config, intake);
    let grpc: GrpcReceiver | undefined;
    try {
      grpc = grpcPort === 0 ? undefined : await GrpcReceiver.start(this.#config, intake);
    } catch (error) {
      await http?.close();
      throw error;
    }
    const { address } = this.#config;
    context.telemetry.emit(collectorEvents.otlpStarted, { address, httpPort: http?.port, grpcPort: grpc?.port });
    return new RunningOtlp(context, intake, { http, grpc });
  }
}

interface Receivers {
  readonly http: HttpReceiver | undefined;
  readonly grpc: GrpcReceiver | undefined;
}

/** The receiver while it runs. */
class RunningOtlp implements RunningSource {
  readonly #context: SourceContext;
  readonly #intake: Intake;
  readonly #receivers: Receivers;
  readonly #timer: NodeJS.Timeout;

  constructor(context: SourceContext, intake: Intake, receivers: Receivers) {
    this.#context = context;
    this.#intake = intake;
    this.#receivers = receivers;
    this.#timer = setInterval(() => context.health.turns('otlp'), aliveEveryMs);
  }

  async stop(): Promise<void> {
    await this.#intake.stop(stopWithinMs);
    await Promise.all([this.#receivers.http?.close(), this.#receivers.grpc?.close()]);
    clearInterval(this.#timer);
    this.#context.telemetry.emit(collectorEvents.otlpStopped, { batches: this.#intake.batches });
  }
}
