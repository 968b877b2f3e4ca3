import type { Tunnel } from '../../schemas/generated/event-batch.ts';
import type { SignalSource } from '../../schemas/generated/span.ts';

/** Where and by what a connection is observed. Every span of the connection carries it as it is when the span ends. */
export interface Observer {
  readonly signalSource: SignalSource;
  /** Observation point (schemas/observation-points.ts) of spans whose client is the local end. */
  readonly clientPoint: string;
  /** Observation point of spans whose server is the local end. */
  readonly serverPoint: string;
  /** Name of the network interface; empty where there is none, or it is not known. */
  readonly interfaceName: string;
  /** Tunnels around what comes in at the local end, or goes out of it; outermost first. */
  tunnels(ingress: boolean): readonly Tunnel[];
}

const noTunnels: readonly Tunnel[] = [];

/** The socket calls of a process, observed in its kernel. */
export const processObserver: Observer = {
  signalSource: 'ebpf',
  clientPoint: 'c-p',
  serverPoint: 's-p',
  interfaceName: '',
  tunnels: () => noTunnels,
};
