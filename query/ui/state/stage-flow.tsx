import { counted, countText, partText, shortCount } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { isInChain, type StageSummary } from './summary.ts';

const tasks: Readonly<Record<string, string>> = {
  collector: 'Captures events on each host',
  enricher: 'Makes spans of events',
  correlator: 'Makes traces of spans',
  sink: 'Stores traces in ClickHouse',
  resources: 'Reads pods, nodes and clouds',
  query: 'Answers this page',
  'sink-otlp': 'Sends spans on as OpenTelemetry',
  'sink-otlp-endpoint': 'Sends spans to an OTLP receiver',
};

interface StageFlowProps {
  readonly summaries: readonly StageSummary[];
  /** The stage that is chosen; empty for none. */
  readonly open: string;
  readonly onOpen: (stage: string) => void;
}

/** The stages in the order of the data, with what became of what each received. */
export function StageFlow({ summaries, open, onOpen }: StageFlowProps): React.ReactNode {
  const beside = summaries.filter(({ stage }) => !isInChain(stage));
  const card = (summary: StageSummary): React.ReactNode => (
    <li key={summary.stage}>
      <StageCard
        summary={summary}
        isOpen={summary.stage === open}
        onOpen={() => onOpen(summary.stage === open ? '' : summary.stage)}
      />
    </li>
  );
  return (
    <>
      <ol className="stage-flow" aria-label="Stages from kernel to ClickHouse">
        {summaries.filter(({ stage }) => isInChain(stage)).map(card)}
      </ol>
      {beside.length === 0 ? undefined : (
        <ul className="stage-flow stage-beside" aria-label="Stages beside them">
          {beside.map(card)}
        </ul>
      )}
    </>
  );
}

interface StageCardProps {
  readonly summary: StageSummary;
  readonly isOpen: boolean;
  readonly onOpen: () => void;
}

function StageCard({ summary, isOpen, onOpen }: StageCardProps): React.ReactNode {
  const { stage, processes, received, emitted, buffered, leftOut, lost, unaccounted, lagMessages, lagMs } = summary;
  return (
    <div className={isOpen ? 'stage-card stage-open' : 'stage-card'}>
      <button type="button" className="stage-name" aria-pressed={isOpen} onClick={onOpen} title="Show its processes">
        <span>{stage}</span>
        <span className="muted">{counted(processes.length, 'process', 'processes')}</span>
      </button>
      <p className="muted stage-task">{tasks[stage] ?? 'A stage of another version'}</p>
      {processes.length === 0 ? (
        <p className="stage-none">No report in this time</p>
      ) : (
        <>
          <Shares summary={summary} />
          <dl>
            <Line title="Received" count={received} />
            <Line title="Passed on" count={emitted} of={received} mark="emitted" />
            <Line title="Left out on purpose" count={leftOut} of={received} mark="left-out" />
            <Line title="Lost or incomplete" count={lost} of={received} mark="lost" isBad={lost > 0} />
            <Line title="Waiting now" count={buffered} mark="waiting" />
            {unaccounted > 0 ? <Line title="Unaccounted for" count={unaccounted} isBad /> : undefined}
            <div>
              <dt>Behind</dt>
              <dd className="stage-behind">
                {lagMessages === 0 ? 'no' : `${durationText(lagMs * 1e6)}, ${shortCount(lagMessages)} messages`}
              </dd>
            </div>
          </dl>
        </>
      )}
    </div>
  );
}

/** What became of what was received, as lengths; the numbers below say the same. */
function Shares({ summary }: { readonly summary: StageSummary }): React.ReactNode {
  const { emitted, leftOut, lost, buffered } = summary;
  return (
    <div className="stage-shares" aria-hidden="true">
      <span className="mark-emitted" style={{ flexGrow: emitted }} />
      <span className="mark-left-out" style={{ flexGrow: leftOut }} />
      <span className="mark-lost" style={{ flexGrow: lost }} />
      <span className="mark-waiting" style={{ flexGrow: buffered }} />
    </div>
  );
}

interface LineProps {
  readonly title: string;
  readonly count: number;
  /** Of how many; without it no share is shown. */
  readonly of?: number;
  readonly mark?: 'emitted' | 'left-out' | 'lost' | 'waiting';
  readonly isBad?: boolean;
}

function Line({ title, count, of = 0, mark, isBad = false }: LineProps): React.ReactNode {
  return (
    <div>
      <dt>
        {mark === undefined ? undefined : <span className={`stage-mark mark-${mark}`} aria-hidden="true" />}
        {title}
      </dt>
      <dd title={countText(count)}>
        {isBad ? <strong className="bad">✕ {shortCount(count)}</strong> : shortCount(count)}
        <span className="muted">{of > 0 && count > 0 && count < of ? partText(count, of) : ''}</span>
      </dd>
    </div>
  );
}
