import { copiedTunnels } from '../../schemas/copied-tunnels.ts';
import type { Observation, PacketSegment, Tunnel } from '../../schemas/generated/event-batch.ts';
import type { Observer } from '../pair/observer.ts';
import type { Interfaces } from './interfaces.ts';
import { type FlowEnd, type FlowPlace, observationPoint } from './observation-point.ts';

const noTunnels: readonly Tunnel[] = [];

/**
 * Where one flow is seen. The server is its local end. Where it was seen is decided for each span by what is known of the
 * interfaces then, which may be more than when the flow began.
 */
export class FlowObserver implements Observer {
  readonly signalSource = 'packet';
  private readonly interfaces: Interfaces;
  private readonly networkNamespace: number;
  private readonly interfaceIndex: number;
  private client: FlowEnd;
  private server: FlowEnd;
  private points: readonly [client: string, server: string] | undefined;
  private version = -1;

  constructor(interfaces: Interfaces, segment: PacketSegment) {
    const { networkNamespace, interfaceIndex, fromClient, senderAddress, receiverAddress } = segment;
    this.interfaces = interfaces;
    this.networkNamespace = networkNamespace;
    this.interfaceIndex = interfaceIndex;
    // Copies: views would keep the whole batch alive as long as the flow.
    const sender = { address: senderAddress.slice(), sent: undefined };
    const receiver = { address: receiverAddress.slice(), sent: undefined };
    this.client = fromClient ? sender : receiver;
    this.server = fromClient ? receiver : sender;
  }

  /** Packets of one side were seen: those that come first say how all of them pass. */
  saw(fromClient: boolean, observation: Observation): void {
    const end = fromClient ? this.client : this.server;
    if (end.sent !== undefined) return;
    const seen = { address: end.address, sent: copyOf(observation) };
    if (fromClient) this.client = seen;
    else this.server = seen;
    this.points = undefined;
  }

  get clientPoint(): string {
    return this.findPoints()[0];
  }

  get serverPoint(): string {
    return this.findPoints()[1];
  }

  get interfaceName(): string {
    return this.interfaces.find(this.networkNamespace, this.interfaceIndex)?.name ?? '';
  }

  tunnels(ingress: boolean): readonly Tunnel[] {
    return (ingress ? this.client : this.server).sent?.tunnels ?? noTunnels;
  }

  private findPoints(): readonly [client: string, server: string] {
    const { points, client, server, networkNamespace, interfaceIndex, interfaces } = this;
    if (points !== undefined && this.version === interfaces.version) return points;
    this.version = interfaces.version;
    const asServer: FlowPlace = { networkNamespace, interfaceIndex, client, server };
    // Of a conversation in which the other end turns out to ask.
    const asClient: FlowPlace = { networkNamespace, interfaceIndex, client: server, server: client };
    return (this.points = [observationPoint(asClient, interfaces), observationPoint(asServer, interfaces)]);
  }
}

/** What the rules need of an observation. */
function copyOf({ passage, link, tunnels }: Observation): Observation {
  const copied = { destination: link.destination.slice(), source: link.source.slice(), vlans: [] };
  return {
    passage,
    link: copied,
    innerLink: noLink,
    tunnels: copiedTunnels(tunnels),
  };
}

const noLink: Observation['innerLink'] = { destination: new Uint8Array(), source: new Uint8Array(), vlans: [] };
