import { ErrorNotice, Notice } from '../shell/notice.tsx';
import { useParameters } from '../shell/use-parameters.ts';
import { useTitle } from '../shell/use-title.ts';
import { countText, counted } from '../text/count.ts';
import { momentsOf, rangeText, readRange, type TimeRange, writeRange } from '../time/time-range.ts';
import { TimeRangePicker } from '../time/time-range-picker.tsx';
import { LeftOutTable } from './left-out-table.tsx';
import { LossTable } from './loss-table.tsx';
import { ProcessTable } from './process-table.tsx';
import { StageFlow } from './stage-flow.tsx';
import { reportingOf, type StageSummary, stageSummaries } from './summary.ts';
import { useStageStates } from './use-state.ts';
import type { StateAnswer } from '../../api/routes/state.ts';
import '../shell/page-parts.css';
import './state.css';

const defaultMs = 900_000;

/** Whether what the other pages show is all there is: counts from kernel to ClickHouse, and what was lost on the way. */
export function StatePage(): React.ReactNode {
  useTitle('State');
  const [parameters, change] = useParameters();
  const range = readRange(parameters, defaultMs);
  const { data, error, refetch, dataUpdatedAt } = useStageStates(range);
  return (
    <div className="state-page">
      <div className="page-head">
        <h1>State</h1>
        <TimeRangePicker range={range} onChange={(next) => change({ ...writeRange(next) })} />
      </div>
      {error !== null ? (
        <ErrorNotice error={error} title="The state could not be read" retry={() => void refetch()} />
      ) : data === undefined ? (
        <Notice kind="loading">Reading the reports of all stages …</Notice>
      ) : (
        <State
          answer={data}
          range={range}
          nowMs={dataUpdatedAt}
          open={parameters.get('stage') ?? ''}
          onOpen={(stage) => change({ stage })}
        />
      )}
    </div>
  );
}

interface StateProps {
  readonly answer: StateAnswer;
  readonly range: TimeRange;
  readonly nowMs: number;
  /** Stage whose processes are shown; empty for all. */
  readonly open: string;
  readonly onOpen: (stage: string) => void;
}

function State({ answer, range, nowMs, open, onOpen }: StateProps): React.ReactNode {
  if (answer.stages.length === 0)
    return (
      <Notice kind="empty" title="No process reported in this time">
        Each process of spanloom reports every ten seconds to the topic <code>stage-reports</code>, and the sink stores
        what it reads there. Either none ran in {rangeText(range)}, or no sink did.
      </Notice>
    );
  const summaries = stageSummaries(answer.stages);
  const shown = answer.stages.filter(({ stage }) => open === '' || stage === open);
  const untilNs = momentsOf(range, nowMs).toNs;
  return (
    <>
      <Verdict answer={answer} summaries={summaries} range={range} untilNs={untilNs} />
      <StageFlow summaries={summaries} open={open} onOpen={onOpen} />
      <section aria-labelledby="losses">
        <h2 id="losses">Lost or incomplete</h2>
        <LossTable losses={answer.losses} />
      </section>
      <section aria-labelledby="left-out">
        <h2 id="left-out">Left out on purpose</h2>
        <LeftOutTable summaries={summaries} />
      </section>
      <section aria-labelledby="processes">
        <h2 id="processes">
          {open === '' ? 'Processes' : `Processes of stage ${open}`}{' '}
          {open === '' ? undefined : (
            <button type="button" className="link" onClick={() => onOpen('')}>
              Show all
            </button>
          )}
        </h2>
        <ProcessTable processes={shown} all={answer.stages} untilNs={untilNs} nowMs={nowMs} />
        {answer.is_truncated ? (
          <p className="muted">There are more processes than are read; these reported last. Sums are of these only.</p>
        ) : undefined}
      </section>
      <section aria-labelledby="tls">
        <h2 id="tls">Encrypted connections</h2>
        <p className="prose">
          This version does not read what is inside TLS. Such connections are seen as connections: their ends, packets
          and times. The calls in them are missing in traces, and that is counted nowhere above, because no bytes of
          them were ever readable.
        </p>
      </section>
    </>
  );
}

function Verdict({
  answer,
  summaries,
  range,
  untilNs,
}: {
  readonly answer: StateAnswer;
  readonly summaries: readonly StageSummary[];
  readonly range: TimeRange;
  readonly untilNs: bigint;
}): React.ReactNode {
  const lost = summaries.reduce((sum, stage) => sum + stage.lost, 0);
  const unaccounted = summaries.reduce((sum, stage) => sum + stage.unaccounted, 0);
  const silent = answer.stages.filter((process) => reportingOf(process, answer.stages, untilNs) === 'silent').length;
  const texts = [
    ...(lost === 0 ? [] : [`${counted(lost, 'record is', 'records are')} lost or incomplete`]),
    ...(unaccounted === 0 ? [] : [`${countText(unaccounted)} are unaccounted for`]),
    ...(silent === 0 ? [] : [`${counted(silent, 'process', 'processes')} stopped reporting`]),
  ];
  return texts.length === 0 ? (
    <p className="verdict">
      <span aria-hidden="true">✓</span> Nothing that the stages count was lost in {rangeText(range)}.
    </p>
  ) : (
    <p className="verdict verdict-loss">
      <span aria-hidden="true">⚠</span> In {rangeText(range)}, {texts.join('; ')}.
    </p>
  );
}
