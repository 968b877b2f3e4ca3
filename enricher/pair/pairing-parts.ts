import type { Counters } from '../../core/stage/accounting.ts';
import type { Dissector } from '../../protocols/dissection/dissector.ts';
import type { DropReason, EnricherRejectReason } from '../outcomes.ts';
import type { SpanIds } from '../span-id.ts';
import type { TaggedSpan } from '../tag/waiting-records.ts';
import type { PairingListener } from './pairing-listener.ts';
import type { SpanBuilder } from './span-builder.ts';

/** Bounds of the state of one agent. */
export interface PairingLimits {
  readonly maxSockets: number;
  readonly maxOpenRequests: number;
}

/** Parts of pairing. */
export interface PairingParts {
  readonly dissectors: readonly Dissector[];
  /** Absent where no source has execution contexts. */
  readonly listener?: PairingListener;
  readonly spanIds: SpanIds;
  readonly spans: SpanBuilder;
  readonly counters: Counters<DropReason, EnricherRejectReason>;
  readonly limits: PairingLimits;
  /** Receives finished spans in the order of their ends, and then accounts for their events. */
  readonly emit: (tagged: TaggedSpan) => void;
}
