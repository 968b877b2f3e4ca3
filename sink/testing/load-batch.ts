import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { aReportedSpan } from '../../opentelemetry/testing/a-reported-span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { aFlow } from '../../schemas/testing/a-flow.ts';
import { flowMessage, makeLoadTrace, traceMessage } from './traces.ts';

/** What is in a batch of load. */
export const loadBatchCounts = { traces: 200, spans: 200 * 9, reported_spans: 200, flows: 100 } as const;

/** Where batch `number` begins: its traces and flows, and no others before it, start there or later. */
export function loadBatchStartNs(number: number): bigint {
  return makeLoadTrace(number * loadBatchCounts.traces).startTimeNs;
}

/** A trace of load with a span that its application reported. */
function loadTrace(number: number): Trace {
  const trace = makeLoadTrace(number);
  const spanId = (number * 16 + 15).toString(16).padStart(16, '0');
  const reported = aReportedSpan({ spanId, startTimeNs: trace.startTimeNs, parentSpanId: trace.rootSpanId });
  return { ...trace, spans: [...trace.spans, reported] };
}

/** Traces and flows of one batch as the sink receives them, always the same for the same number. */
export function loadBatch(number: number): readonly ReceivedMessage[] {
  const { traces, flows } = loadBatchCounts;
  const agentId = 77;
  return [
    ...Array.from({ length: traces }, (_, index) =>
      traceMessage(loadTrace(number * traces + index), number * traces + index),
    ),
    flowMessage(
      {
        agentId,
        flows: Array.from({ length: flows }, (_, index) =>
          aFlow({ flowId: number * flows + index, startTimeNs: loadBatchStartNs(number) + BigInt(index) }),
        ),
      },
      number,
    ),
  ];
}
