import type { SpanRecord } from '../spans/span-record.ts';

/** The request side: the server span that the call continued. */
export interface RequestClaim {
  readonly serverId: string;
  /** Undefined while the span has not come. */
  readonly server: SpanRecord | undefined;
  /** False if the server span cannot have caused the call: it had already replied, or had not begun. */
  readonly fits: boolean;
  /** The call continued a sibling's response. */
  readonly isResumed: boolean;
  /**
   * Calls on the way that were written to the connection whose response they continue, as its owner or as the next in a
   * pool's queue would.
   */
  readonly handovers: readonly SpanRecord[];
  readonly learned: boolean;
  readonly confidence: number;
}

/** The response side. */
export interface ResponseClaim {
  /** Server spans whose reply this call's response led to. */
  readonly direct: readonly SpanRecord[];
  /** Server spans whose reply the response of a later call led to, which this call's response had led to. */
  readonly indirect: readonly SpanRecord[];
  /** Later calls on the way to any of them that were written to the connection whose response they continue. */
  readonly handovers: readonly SpanRecord[];
  readonly learned: boolean;
  readonly confidence: number;
}

/** The replies that the call's response led to: at once, or else by way of later calls. */
export const repliesOf = ({ direct, indirect }: ResponseClaim): readonly SpanRecord[] =>
  direct.length > 0 ? direct : indirect;
