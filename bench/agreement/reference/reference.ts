import type { Exchange } from '../exchange.ts';
import type { PdmlPacket } from './pdml.ts';

/** Makes exchanges of what tshark says about the packets of one capture, in their order. */
export interface Reference {
  /** tshark's name of the protocol. */
  readonly dissector: string;
  readonly exchanges: readonly Exchange[];
  /** What tshark itself is not consistent about, counted. */
  readonly remarks: ReadonlyMap<string, number>;
  /** What is special about a connection, by its number, so that differences can be explained. */
  readonly marks?: ReadonlyMap<string, string>;
  take(packet: PdmlPacket, port: number): void;
  /** All packets were taken. */
  finish?(): void;
}
