import type { ReceivedMessage } from '../../core/bus/bus.ts';
import type { SignaturePolicy } from '../../core/agents/agent-signature.ts';
import type { Topic } from '../../core/topics.ts';
import type { EventRange, TimeBounds } from '../event-range.ts';
import type { Table } from '../tables/table.ts';

export type SinkRejection = 'undecodable' | 'unknown_schema' | 'forged' | 'unsigned' | 'time_out_of_range' | 'refused';

/** Which messages the sink accepts. */
export interface SinkAcceptance {
  /** Which signatures of hosts and processes are required and accepted; by default none is required. */
  readonly signatures?: SignaturePolicy;
  /** Of event times; by default what the tables can hold. */
  readonly range?: EventRange;
}

/** The rows of one message for one table. */
export interface TableRows {
  readonly table: Table;
  /** In RowBinary. */
  readonly rows: Buffer;
  readonly count: number;
  /** Unix minutes in which rows begin, where the table has a summary per minute. */
  readonly minutes?: ReadonlySet<number>;
}

/** The rows of one message, and the time range of their events. */
export interface MessageRows extends Readonly<TimeBounds> {
  readonly kind: 'rows';
  readonly tables: readonly TableRows[];
  /** Spans, intervals of flows or resources: what the accounting counts. */
  readonly records: number;
}

/** Outcome of a message. */
export type ReadMessage =
  | MessageRows
  /** A tombstone of a compacted topic: the rows that it names stay. */
  | { readonly kind: 'nothing' }
  | {
      readonly kind: 'rejected';
      readonly reason: SinkRejection;
      readonly detail: string;
      /** Records in the message; 1 where it could not be read. */
      readonly records: number;
    };

/** Turns the messages of its topics into rows of its tables. It has writers, so each stage makes its own. */
export interface Input {
  readonly topics: readonly Topic[];
  read(message: ReceivedMessage, nowMs: number): ReadMessage;
}
