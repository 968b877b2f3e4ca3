import { flowInput } from './flow-input.ts';
import type { Input, SinkAcceptance } from './input.ts';
import { resourceInput } from './resource-input.ts';
import { stageReportInput } from './stage-report-input.ts';
import { traceInput } from './trace-input.ts';

/** What the sink reads. A further topic is a file beside this one, and a line here. */
const makers: readonly ((acceptance: SinkAcceptance) => Input)[] = [
  resourceInput,
  traceInput,
  flowInput,
  stageReportInput,
];

/** The inputs of one stage, by their topics. */
export function inputsByTopic(acceptance: SinkAcceptance): ReadonlyMap<string, Input> {
  return new Map(
    makers.flatMap((make) => {
      const input = make(acceptance);
      return input.topics.map((topic) => [topic, input] as const);
    }),
  );
}
