import { setMaxListeners } from 'node:events';
import { PipelineError } from '../../core/errors.ts';
import { sleepByTimer } from '../../core/stage/retry.ts';
import { runtimeEvents } from '../../core/telemetry/internal-events.ts';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { ResourceRegisters, ResourceSource } from '../resources/resource-source.ts';
import type { ResourceRegister, ResourceState } from '../resources/resource-state.ts';
import { annotationFilter } from './annotation-filter.ts';
import type { ApiClient } from './api-client.ts';
import { ClusterModel, type ResourceChange } from './cluster-model.ts';
import type { KubernetesConfig } from './config.ts';
import { kubernetesEvents } from './internal-events.ts';
import { type KeptObject, keptObject } from './kept-object.ts';
import { listAndWatch, type ListWatchEvents } from './list-watch.ts';
import { type ObjectKind, objectKindNames, objectKinds } from './object-kinds.ts';

/** What the source runs with. */
export interface KubernetesSourceOptions {
  readonly client: ApiClient;
  readonly config: Pick<KubernetesConfig, 'clusterName' | 'annotations' | 'annotationsLeftOut' | 'pageSize' | 'resync'>;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

/** The objects of a cluster as resources, under the name `kubernetes:<uid of the cluster>`. */
export class KubernetesSource implements ResourceSource {
  readonly name = 'kubernetes';
  readonly #options: KubernetesSourceOptions;

  constructor(options: KubernetesSourceOptions) {
    this.#options = options;
  }

  async run(registers: ResourceRegisters, signal: AbortSignal): Promise<void> {
    const { client, config } = this.#options;
    const follower = new ClusterFollower(this.#options, registers);
    const failed = new AbortController();
    // A request or a pause of each kind, and what they leave behind for a moment.
    setMaxListeners(8 * objectKindNames.length, failed.signal);
    const stop = (): void => failed.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) return;
    try {
      await Promise.all(
        objectKindNames.map((kind) =>
          listAndWatch(
            {
              client,
              path: objectKinds[kind].path,
              pageSize: config.pageSize,
              resyncMs: config.resync,
              signal: failed.signal,
              sleep: sleepByTimer,
              random: Math.random,
              now: () => performance.now(),
            },
            follower.eventsOf(kind),
          ),
        ),
      );
    } finally {
      stop();
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Keeps the model of a cluster up to date, and the register with it once all kinds were listed. */
class ClusterFollower {
  readonly #model: ClusterModel;
  readonly #telemetry: Pick<StageTelemetry, 'emit'>;
  readonly #registers: ResourceRegisters;
  readonly #keep: (kind: ObjectKind, object: unknown) => KeptObject | undefined;
  readonly #now: () => number;
  readonly #missing = new Set<ObjectKind>(objectKindNames);
  #register: ResourceRegister | undefined;

  constructor({ config, telemetry, now }: KubernetesSourceOptions, registers: ResourceRegisters) {
    this.#model = new ClusterModel(config.clusterName);
    this.#telemetry = telemetry;
    this.#registers = registers;
    this.#now = now ?? Date.now;
    const wanted = annotationFilter(config.annotations, config.annotationsLeftOut);
    this.#keep = (kind, value) => {
      const object = keptObject(kind, value, wanted);
      if (object === undefined) telemetry.emit(kubernetesEvents.strange, { kind });
      return object;
    };
  }

  eventsOf(kind: ObjectKind): ListWatchEvents {
    const call = `watch of ${kind}`;
    let listed: KeptObject[] = [];
    let isFirst = true;
    let isFailing = false;
    const recovered = (): void => {
      if (isFailing) this.#telemetry.emit(runtimeEvents.recovered, { call });
      isFailing = false;
    };
    return {
      listBegins: () => {
        listed = [];
      },
      page: (objects) => {
        for (const value of objects) {
          const object = this.#keep(kind, value);
          if (object !== undefined) listed.push(object);
        }
      },
      listed: () => {
        this.#telemetry.emit(kubernetesEvents.listed, { kind, objects: listed.length });
        this.#listed(kind, listed, isFirst);
        isFirst = false;
        listed = [];
        recovered();
      },
      put: (value) => {
        const object = this.#keep(kind, value);
        if (object !== undefined) this.#apply(this.#model.put(object, this.#nowNs()));
      },
      removed: (value) => {
        const object = this.#keep(kind, value);
        if (object !== undefined) this.#apply(this.#model.remove(object, this.#nowNs()));
      },
      failed: (error, pauseMs) => {
        this.#telemetry.emit(kubernetesEvents.watchRestarted, { kind, pauseMs, error });
        // One connection that was closed is no trouble.
        if (pauseMs < 100) return;
        isFailing = true;
        this.#telemetry.emit(runtimeEvents.retried, { call, pauseMs, error });
      },
      recovered,
    };
  }

  #listed(kind: ObjectKind, objects: readonly KeptObject[], isFirst: boolean): void {
    if (!isFirst) {
      this.#apply(this.#model.replace(kind, objects, this.#nowNs()));
      return;
    }
    this.#model.load(objects);
    this.#missing.delete(kind);
    if (this.#missing.size > 0) return;
    const uid = this.#model.clusterUid;
    if (uid === undefined)
      throw new PipelineError(
        'ENVIRONMENT_UNSUPPORTED',
        'The cluster has no namespace kube-system, whose uid names it.',
      );
    this.#register = this.#registers.of(`kubernetes:${uid}`);
    this.#register.replaceAll([...this.#model.all()], this.#nowNs());
    this.#telemetry.emit(kubernetesEvents.synchronised, { objects: this.#model.size });
  }

  /** Reports nothing before all kinds were listed: the owner of a pod may not be known yet. */
  #apply(changes: readonly ResourceChange[]): void {
    if (this.#register === undefined) return;
    let states: ResourceState[] = [];
    const put = (): void => {
      if (states.length > 0) this.#register!.put(states, this.#nowNs());
      states = [];
    };
    for (const change of changes) {
      if (change.kind === 'put') states.push(change.state);
      else {
        put();
        this.#register.end(change.resource, change.endedNs);
      }
    }
    put();
  }

  #nowNs(): bigint {
    return BigInt(Math.round(this.#now() * 1000)) * 1000n;
  }
}
