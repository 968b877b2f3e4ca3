/** What was read of a command. */
export interface RedisCommand {
  /** Upper case. */
  readonly name: string;
  /** The arguments, as many as were captured; at most 15, each cut. */
  readonly words: readonly string[];
  /** How many arguments there are. */
  readonly argumentCount: number;
}

/** What was read of the head of a reply. */
export interface RedisReply {
  /** The first byte. */
  readonly type: number;
  readonly isError: boolean;
  readonly isNull: boolean;
  /** The text of a simple string, an error or a number; empty for other values. */
  readonly text: string;
  /** A short bulk string, where it was asked for. */
  readonly payload: string;
  /** Values of an aggregate. */
  readonly count: number;
}

/** What a subscription waits for: a confirmation for each channel. */
export interface AskedChannels {
  readonly verb: string;
  /** The first channel named; undefined when none is. */
  readonly first: string | undefined;
  /** Confirmations; undefined when that depends on what there is. */
  readonly count: number | undefined;
}
