/** What a reader of the wire says about a conversation, in a form that two readers can be compared by. */

/** Named facts of a message; what a protocol has no such fact for is absent. */
export type Facts = Readonly<Record<string, string>>;

/** A message. */
export interface ReadMessage {
  /** The packet that its first byte is in, as tshark counts. */
  readonly frame: number;
  readonly facts: Facts;
}

/** A request with its response. */
export interface Exchange {
  /** tshark's number of the connection, or of the pair of UDP ends. */
  readonly stream: string;
  readonly request: ReadMessage;
  /** undefined: none was seen, or none was expected. */
  readonly response: ReadMessage | undefined;
  /** Only of ours: the response is there, and its meaning unknown. */
  readonly isUnknown?: boolean;
}
