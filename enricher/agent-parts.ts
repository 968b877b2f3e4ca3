import type { Counters } from '../core/stage/accounting.ts';
import type { Dissector } from '../protocols/dissection/dissector.ts';
import type { EnricherConfig } from './config.ts';
import type { DropReason, EnricherRejectReason } from './outcomes.ts';
import type { TagCounts } from './tag/tag-counts.ts';
import type { Tagger } from './tag/tagger.ts';
import type { WaitingIndex } from './tag/waiting-records.ts';

/** What the agents of an enricher share. */
export interface AgentParts {
  readonly config: EnricherConfig;
  readonly dissectors: readonly Dissector[];
  /** Makes the tagger of an agent. */
  readonly tagger: (agentId: number) => Tagger;
  readonly counters: Counters<DropReason, EnricherRejectReason>;
  readonly waitingIndex: WaitingIndex;
  readonly tagCounts: TagCounts;
}
