import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { listTraces } from '../../api/routes/list-traces.ts';
import type { AnswerOf } from '../../http/define-route.ts';
import { getJson } from '../api/get-json.ts';
import { momentText } from '../text/moment.ts';
import type { TimeRange } from './time-range.ts';

/** As long before the newest trace as pages show by default. */
const beforeNs = 900_000_000_000n;
/** After it, so that its calls are within. */
const afterNs = 1_000_000_000n;

/**
 * Where a range has nothing: leads to the newest one that has, as of a recording. @param isChosen a person asked for this range, so
 * another is only offered
 */
export function NewestTime({
  isChosen,
  onChange,
}: {
  readonly isChosen: boolean;
  readonly onChange: (range: TimeRange) => void;
}): React.ReactNode {
  const { data } = useQuery({
    queryKey: ['newest-trace'],
    queryFn: async ({ signal }) =>
      (await getJson<AnswerOf<typeof listTraces>>('/api/traces?limit=1', signal)).traces[0] ?? null,
  });
  const startNs = data?.start_time_ns;
  const durationNs = data?.duration_ns ?? 0;
  useEffect(() => {
    if (startNs !== undefined && !isChosen) onChange(aroundNewest(startNs, durationNs));
  }, [startNs, durationNs, isChosen, onChange]);
  if (startNs === undefined || !isChosen) return undefined;
  return (
    <p>
      <button type="button" onClick={() => onChange(aroundNewest(startNs, durationNs))}>
        Show the newest, of {momentText(BigInt(startNs))}
      </button>
    </p>
  );
}

function aroundNewest(startNs: string, durationNs: number): TimeRange {
  const endNs = BigInt(startNs) + BigInt(Math.ceil(durationNs)) + afterNs;
  return { kind: 'between', fromNs: BigInt(startNs) - beforeNs, toNs: endNs };
}
