import type { Protocol } from '../schemas/generated/span.ts';
import type { Dissector } from './dissection/dissector.ts';
import type { WordTable } from './words.ts';

/**
 * Everything the product knows of a protocol besides its redaction on the host, which is C++: `protocols/<name>/redaction.cc`
 * defines the `Protocol` named `k` and the protocol's name (`kRedis`).
 */
export interface ProtocolDefinition {
  /** As in the enum Protocol of schemas/avro/span.avsc. */
  readonly name: Exclude<Protocol, 'unknown'>;
  readonly dissector: Dissector;
  /** Ports of its servers where nobody changed them; bytes that could be several things are believed there. */
  readonly usualPorts: readonly number[];
  /** Which of OpenTelemetry's semantic conventions its spans follow. */
  readonly conventions: SemanticConventions;
  /** Words by which the host tells it. */
  readonly redactionWords?: readonly WordTable[];
}

/** A group of OpenTelemetry's semantic conventions, with what differs between the protocols that follow it. */
export type SemanticConventions =
  | { readonly group: 'http' }
  | { readonly group: 'dns' }
  | {
      /** `db.system.name` is the protocol's name. */
      readonly group: 'database';
      /** Endpoints are statements without their literals: spans are named by a summary of them, else by the operation. */
      readonly hasStatements: boolean;
      /** `db.response.status_code` of an error without a number, from its text; empty when it has none. */
      readonly codeOfError?: (text: string) => string;
    };
