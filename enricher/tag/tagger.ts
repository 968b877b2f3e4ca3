import type { ProcessFacts, Transport } from '../../schemas/generated/event-batch.ts';
import type { Side } from '../../schemas/generated/span.ts';
import type { AddressKey } from './address.ts';
import type { SideTags } from './side.ts';

/** The program that reported a span, as it says itself; empty for what is not known. */
export interface Reporter {
  readonly podUid: string;
  readonly podAddress: Uint8Array;
  /** Who sent the span. */
  readonly senderAddress: Uint8Array;
  /** Id of the resource that the program is. */
  readonly processResourceId: number;
}

/** Facts that decide the tags of a span or a flow: a process of the agent's host and its peer, or the ends of packets. */
export interface TagQuestion {
  /** Undefined for packets: then both ends are known by their addresses alone, and the local end is no more here than the other. */
  readonly processId: number | undefined;
  /** Of a span that its application reported; it has no process id. */
  readonly reporter?: Reporter;
  readonly transport: Transport;
  /** The local end answered; else it asked. */
  readonly isServer: boolean;
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  readonly remoteAddress: Uint8Array;
  readonly remotePort: number;
  /** Unix time of the span in nanoseconds: tags are as of it. */
  readonly timeNs: bigint;
  /** Kept by the caller for all questions of one local end; its content is the tagger's. */
  readonly memo: LocalMemo;
}

/** What a tagger found for one local end, for as long as it holds. */
export interface LocalMemo {
  local: LocalTags | undefined;
}

/** Tags of a local end, from `fromNs` until `untilNs` of the span's time, while `version` is the tagger's. */
export interface LocalTags {
  readonly version: number;
  readonly isServer: boolean;
  readonly fromNs: bigint;
  readonly untilNs: bigint;
  readonly tags: SideTags;
  readonly vpcId: number;
  readonly clusterId: number;
  /** A loopback address is this pod itself. */
  readonly isOwnNetwork: boolean;
  /** It is not on the agent's host, so that what is on its own machine is not there either. */
  readonly isElsewhere?: boolean;
  readonly awaited: Awaited | undefined;
  readonly acceptedMs: number;
}

/** A resource that is not known yet: a pod by uid, or the owner of an address in a network of pods. */
export type Awaited =
  { readonly kind: 'pod'; readonly key: string } | { readonly kind: 'address'; readonly key: AddressKey };

/** Both sides of a call. */
export interface TaggedSides {
  readonly local: Side;
  readonly peer: Side;
  /** Resources that may be learned soon and would complete the sides. */
  readonly awaited: readonly Awaited[];
  /** When the bus accepted the youngest record that decided; 0 without any. In milliseconds. */
  readonly acceptedMs: number;
}

/** Puts integer ids on the two sides of a span. One tagger serves one agent. */
export interface Tagger {
  /** Adds process facts of the agent. */
  learn(processes: readonly ProcessFacts[]): void;
  tag(question: TagQuestion): TaggedSides;
  /** Processes and peers that are remembered. */
  readonly size: number;
  /** Forgets all peers, and the least recently used processes until at most this fraction is left. */
  shrink(part: number): void;
}
