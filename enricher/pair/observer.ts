import type { SignalSource } from '../../schemas/generated/span.ts';

/** Where and by what a connection is observed. Every span of the connection carries it. */
export interface Observer {
  readonly signalSource: SignalSource;
  /** Observation point (schemas/observation-points.ts) of spans whose client is the local end. */
  readonly clientPoint: string;
  /** Observation point of spans whose server is the local end. */
  readonly serverPoint: string;
}

/** The socket calls of a process, observed in its kernel. */
export const processObserver: Observer = { signalSource: 'ebpf', clientPoint: 'c-p', serverPoint: 's-p' };
