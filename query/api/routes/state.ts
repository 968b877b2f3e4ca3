import { z } from 'zod';
import { json } from '../../http/answer.ts';
import { type AnswerOf, defineRoute, route } from '../../http/define-route.ts';
import { readStageStates, type StageLoss, type StageState } from '../../store/stage-states.ts';
import { timeParameters } from '../filter-parameters.ts';

const reasons = z.record(z.string(), z.number()).meta({ description: 'Records by reason.' });

/** What became of the records of every stage. */
export const state = defineRoute({
  name: 'state',
  path: '/api/state',
  summary:
    'What became of the records of every stage in a range of time, and what was lost; by default the last 15 minutes.',
  query: z.strictObject(timeParameters),
  answer: z.object({
    stages: z
      .array(
        z.object({
          stage: z.string(),
          instance: z.string().meta({ description: 'One run of one process.' }),
          host: z.string(),
          version: z.string(),
          started_at_ns: z.string().meta({ description: 'Unix time in nanoseconds.' }),
          reported_at_ns: z.string().meta({ description: 'Of its last report in the range.' }),
          received: z.number(),
          emitted: z.number(),
          dropped: reasons,
          rejected: reasons,
          buffered: z.number().meta({ description: 'As of the last report.' }),
          lag_messages: z.number(),
          lag_ms: z.number(),
        }),
      )
      .meta({ description: 'In the order of the data, then by host.' }),
    losses: z
      .array(
        z.object({
          stage: z.string(),
          host: z.string(),
          outcome: z.enum(['dropped', 'rejected']),
          reason: z.string(),
          count: z.number(),
          first_ns: z.string().meta({ description: 'Of the report that has the first of it.' }),
          last_ns: z.string(),
        }),
      )
      .meta({ description: 'What is missing in what is stored, or incomplete; the greatest first.' }),
    is_truncated: z.boolean(),
  }),
});
export type StateAnswer = AnswerOf<typeof state>;

const defaultRangeNs = 900_000_000_000n;

export const stateRoute = route(state, async ({ query }, { reader }) => {
  const toNs = query.to ?? BigInt(Date.now()) * 1_000_000n;
  const fromNs = query.from ?? (toNs > defaultRangeNs ? toNs - defaultRangeNs : 0n);
  const { stages, losses, isTruncated } = await readStageStates(reader, { fromNs, toNs });
  return json({ stages: stages.map(stateToJson), losses: losses.map(lossToJson), is_truncated: isTruncated });
});

function stateToJson({
  startedAtNs,
  reportedAtNs,
  lagMessages,
  lagMs,
  ...rest
}: StageState): StateAnswer['stages'][number] {
  const times = { started_at_ns: String(startedAtNs), reported_at_ns: String(reportedAtNs) };
  return { ...rest, ...times, lag_messages: lagMessages, lag_ms: lagMs };
}

function lossToJson({ firstNs, lastNs, ...rest }: StageLoss): StateAnswer['losses'][number] {
  return { ...rest, first_ns: String(firstNs), last_ns: String(lastNs) };
}
