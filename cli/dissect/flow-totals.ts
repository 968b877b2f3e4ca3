/** The intervals of each flow summed up. State: a sum for each open flow, of which native code has a bounded number. */
import { copiedTunnels } from '../../schemas/copied-tunnels.ts';
import type { FlowInterval, FlowMetrics, FlowSide, Tunnel } from '../../schemas/generated/event-batch.ts';

/** A flow from its first packet to its last. */
export interface FlowTotal {
  readonly flowId: number;
  readonly transport: FlowInterval['transport'];
  readonly interfaceIndex: number;
  readonly clientAddress: Uint8Array;
  readonly clientPort: number;
  readonly serverAddress: Uint8Array;
  readonly serverPort: number;
  readonly isRoleKnown: boolean;
  readonly tunnels: readonly Tunnel[];
  /** Unix time in nanoseconds. */
  readonly startTimeNs: bigint;
  readonly durationNs: number;
  readonly metrics: FlowMetrics;
}

type Delays = FlowSide['acknowledgment'];

const sumOfDelays = (one: Delays, other: Delays): Delays => ({
  count: one.count + other.count,
  sumNs: one.sumNs + other.sumNs,
  maxNs: Math.max(one.maxNs, other.maxNs),
});

function sumOfSides(one: FlowSide, other: FlowSide): FlowSide {
  const names = Object.keys(one).filter((name) => name !== 'acknowledgment') as (keyof Omit<
    FlowSide,
    'acknowledgment'
  >)[];
  const counts = Object.fromEntries(names.map((name) => [name, one[name] + other[name]]));
  return { ...one, ...counts, acknowledgment: sumOfDelays(one.acknowledgment, other.acknowledgment) };
}

function sumOfMetrics(one: FlowMetrics, other: FlowMetrics): FlowMetrics {
  return {
    client: sumOfSides(one.client, other.client),
    server: sumOfSides(one.server, other.server),
    // In one interval at most.
    serverHandshakeNs: Math.max(one.serverHandshakeNs, other.serverHandshakeNs),
    clientHandshakeNs: Math.max(one.clientHandshakeNs, other.clientHandshakeNs),
    response: sumOfDelays(one.response, other.response),
    clientIdle: sumOfDelays(one.clientIdle, other.clientIdle),
    isOpened: one.isOpened || other.isOpened,
    isOpen: other.isOpen,
    closeType: other.closeType,
  };
}

/** Sums up intervals of any number of flows. */
export class FlowTotals {
  readonly #open = new Map<number, FlowTotal>();
  readonly #emit: (flow: FlowTotal) => void;

  /** @param emit called with each flow when it was closed, or at the end */
  constructor(emit: (flow: FlowTotal) => void) {
    this.#emit = emit;
  }

  /** @param baseNs Unix time in nanoseconds that its offsets count from */
  add(interval: FlowInterval, baseNs: bigint): void {
    const total = this.#sum(interval, baseNs);
    if (interval.metrics.isOpen) this.#open.set(total.flowId, total);
    else {
      this.#open.delete(total.flowId);
      this.#emit(total);
    }
  }

  /** There are no more intervals. */
  end(): void {
    for (const total of this.#open.values()) this.#emit(total);
    this.#open.clear();
  }

  #sum(interval: FlowInterval, baseNs: bigint): FlowTotal {
    const { flowId, transport, interfaceIndex, clientAddress, clientPort, serverAddress, serverPort } = interval;
    const known = this.#open.get(flowId);
    const startTimeNs = known?.startTimeNs ?? baseNs + BigInt(interval.startOffsetNs);
    const { clientObservation, serverObservation, metrics } = interval;
    const seen = clientObservation.tunnels.length > 0 ? clientObservation : serverObservation;
    return {
      flowId,
      transport,
      interfaceIndex,
      // Copies: views would keep the whole block alive as long as the flow.
      clientAddress: known?.clientAddress ?? clientAddress.slice(),
      clientPort,
      serverAddress: known?.serverAddress ?? serverAddress.slice(),
      serverPort,
      isRoleKnown: interval.isRoleKnown,
      tunnels: known?.tunnels ?? copiedTunnels(seen.tunnels),
      startTimeNs,
      durationNs: Number(baseNs + BigInt(interval.endOffsetNs) - startTimeNs),
      metrics: known === undefined ? metrics : sumOfMetrics(known.metrics, metrics),
    };
  }
}
