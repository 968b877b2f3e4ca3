/**
 * Leader election: of several instances the one that holds a Lease and renews it leads. The resourceVersion of every write lets
 * the server refuse all but one of several concurrent writes. Clocks of instances are never compared:
 * each waits until it has seen no renewal for the lease's duration, by its own clock.
 */
import { type Sleep, sleepByTimer } from '../../core/stage/retry.ts';
import { type ApiClient, ApiError } from './api-client.ts';
import { numberAt, objectAt, textAt } from './json.ts';

/** A lease, and who wants it. */
export interface LeaseOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly name: string;
  /** Of this instance: the name of its pod. */
  readonly identity: string;
  /** Without a renewal for so long another may take it. */
  readonly durationMs: number;
  readonly onChange: (leads: boolean, holder: string) => void;
  readonly onFailure: (error: ApiError) => void;
  /** Called each time before it is asked for. */
  readonly onTurn: () => void;
  /** Called each time that the server answered. */
  readonly onAnswer: () => void;
  /** A monotonic clock, in milliseconds. */
  readonly now?: () => number;
  readonly sleep?: Sleep;
}

interface Seen {
  readonly version: string;
  readonly atMs: number;
}

const notFound = 404;
const conflict = 409;

/** See the top of the file. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #now: () => number;
  readonly #sleep: Sleep;
  #seen: Seen | undefined;
  #holder = '';

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#sleep = options.sleep ?? sleepByTimer;
  }

  /**
   * Waits until this instance leads, then runs `action` with a signal that fires when it does not any more: at two
   * thirds of the duration after the last renewal at the latest, before another can lead. Again and again until the
   * signal fires; gives the lease up then.
   */
  async lead(action: (leading: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      const heldAtMs = await this.#acquire(signal);
      if (heldAtMs === undefined) return;
      const leading = new AbortController();
      const stop = (): void => leading.abort();
      signal.addEventListener('abort', stop, { once: true });
      this.#options.onChange(true, this.#options.identity);
      const acting = action(leading.signal).finally(stop);
      const renewing = this.#renew(heldAtMs, leading.signal).finally(stop);
      const outcomes = await Promise.allSettled([acting, renewing]);
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      signal.removeEventListener('abort', stop);
      this.#options.onChange(false, this.#options.identity);
      if (signal.aborted || failed !== undefined) await this.#release();
      if (failed !== undefined) throw failed.reason;
      this.#seen = undefined;
    }
  }

  get #retryMs(): number {
    return this.#options.durationMs / 7;
  }

  async #acquire(signal: AbortSignal): Promise<number | undefined> {
    while (!signal.aborted) {
      const heldAtMs = await this.#try(signal);
      if (heldAtMs !== undefined) return heldAtMs;
      await this.#sleep(this.#retryMs * (0.75 + Math.random() / 2), signal);
    }
    return undefined;
  }

  /** Returns when the lease is lost or the signal fires. */
  async #renew(heldAtMs: number, signal: AbortSignal): Promise<void> {
    const lostAfterMs = (this.#options.durationMs * 2) / 3;
    let renewedAtMs = heldAtMs;
    while (!signal.aborted) {
      const left = renewedAtMs + lostAfterMs - this.#now();
      if (left <= 0) return;
      // A request that hangs must not outlast the lease.
      const deadline = new AbortController();
      const stop = (): void => deadline.abort();
      const timer = setTimeout(stop, left);
      signal.addEventListener('abort', stop, { once: true });
      await this.#sleep(Math.min(this.#retryMs, left), deadline.signal);
      const atMs = deadline.signal.aborted ? undefined : await this.#try(deadline.signal);
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (atMs !== undefined) renewedAtMs = atMs;
      else if (this.#holder !== this.#options.identity) return;
    }
  }

  /** When this instance was last known to hold the lease; undefined if it does not hold it, or if that is unknown. */
  async #try(signal: AbortSignal): Promise<number | undefined> {
    const askedAtMs = this.#now();
    this.#options.onTurn();
    try {
      const isHeld = await this.#takeOrRenew(signal);
      this.#options.onAnswer();
      return isHeld ? askedAtMs : undefined;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof ApiError)) throw error;
      // Another was faster: next time it is seen who.
      if (error.status !== conflict) this.#options.onFailure(error);
      return undefined;
    }
  }

  async #takeOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, identity, durationMs } = this.#options;
    const silenceMs = durationMs / 3;
    const present = await this.#read(signal);
    const spec = objectAt(present, 'spec');
    const version = textAt(present, 'metadata', 'resourceVersion');
    const holder = textAt(spec, 'holderIdentity');
    if (present !== undefined && this.#seen?.version !== version) this.#seen = { version, atMs: this.#now() };
    this.#holder = holder;
    const heldForMs = Math.max(durationMs, numberAt(spec, 'leaseDurationSeconds') * 1000);
    const isFree = present === undefined || holder === '' || this.#now() - this.#seen!.atMs > heldForMs;
    if (holder !== identity && !isFree) return false;
    const now = new Date().toISOString().replace('Z', '000Z');
    const isNew = holder !== identity;
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: present === undefined ? { name: this.#options.name } : objectAt(present, 'metadata'),
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(durationMs / 1000),
        acquireTime: isNew ? now : textAt(spec, 'acquireTime') || now,
        renewTime: now,
        leaseTransitions: numberAt(spec, 'leaseTransitions') + (isNew && present !== undefined ? 1 : 0),
      },
    };
    const written =
      present === undefined
        ? await client.json({ method: 'POST', path: this.#collection, body, signal, silenceMs })
        : await client.json({ method: 'PUT', path: this.#path, body, signal, silenceMs });
    this.#seen = { version: textAt(written, 'metadata', 'resourceVersion'), atMs: this.#now() };
    this.#holder = identity;
    return true;
  }

  async #read(signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#options.client.json({ path: this.#path, signal, silenceMs: this.#options.durationMs / 3 });
    } catch (error) {
      if (error instanceof ApiError && error.status === notFound) return undefined;
      throw error;
    }
  }

  /** Lets another lead at once; where that fails it waits for the duration. */
  async #release(): Promise<void> {
    try {
      const signal = AbortSignal.timeout(2_000);
      const present = await this.#read(signal);
      if (textAt(present, 'spec', 'holderIdentity') !== this.#options.identity) return;
      const spec = { ...objectAt(present, 'spec'), holderIdentity: '', leaseDurationSeconds: 1 };
      const body = { ...objectAt(present), spec };
      await this.#options.client.json({ method: 'PUT', path: this.#path, body, signal, silenceMs: 2_000 });
    } catch {
      // The process ends anyway.
    }
  }

  get #collection(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#options.namespace}/leases`;
  }

  get #path(): string {
    return `${this.#collection}/${this.#options.name}`;
  }
}
