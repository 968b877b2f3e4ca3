import { useState } from 'react';
import { counted, countText } from '../text/count.ts';
import { durationText } from '../text/duration.ts';
import { agoText, secondText } from '../time/period-text.ts';
import { countsOf, type ProcessState, type Reporting, reportingOf } from './summary.ts';

const shownAtOnce = 50;

interface ProcessTableProps {
  readonly processes: readonly ProcessState[];
  /** Also of other stages. */
  readonly all: readonly ProcessState[];
  /** End of the time shown. */
  readonly untilNs: bigint;
  readonly nowMs: number;
}

/** Counts of each process, and whether it reports. */
export function ProcessTable({ processes, all, untilNs, nowMs }: ProcessTableProps): React.ReactNode {
  const [shown, setShown] = useState(shownAtOnce);
  return (
    <>
      <table className="rows-table">
        <thead>
          <tr>
            <th>Stage</th>
            <th>Host</th>
            <th>Version</th>
            <th>Running since</th>
            <th>Last report</th>
            <th className="number">Received</th>
            <th className="number">Passed on</th>
            <th className="number">Left out</th>
            <th className="number">Lost</th>
            <th className="number">Waiting</th>
            <th className="number">Behind</th>
          </tr>
        </thead>
        <tbody>
          {processes.slice(0, shown).map((process) => (
            <ProcessRow
              key={`${process.stage} ${process.instance}`}
              process={process}
              reporting={reportingOf(process, all, untilNs)}
              nowMs={nowMs}
            />
          ))}
        </tbody>
      </table>
      {processes.length > shown ? (
        <button type="button" className="link" onClick={() => setShown(shown + 200)}>
          {counted(processes.length - shown, 'more')}
        </button>
      ) : undefined}
    </>
  );
}

interface ProcessRowProps {
  readonly process: ProcessState;
  readonly reporting: Reporting;
  readonly nowMs: number;
}

function ProcessRow({ process, reporting, nowMs }: ProcessRowProps): React.ReactNode {
  const { stage, host, version, instance } = process;
  const { received, emitted, leftOut, lost, buffered, lagMessages, lagMs } = countsOf(process);
  const reportedNs = BigInt(process.reported_at_ns);
  return (
    <tr>
      <td>{stage}</td>
      <td className="cut" title={`${host}, run ${instance}`}>
        {host}
      </td>
      <td className="cut">{version}</td>
      <td className="number-like">{secondText(BigInt(process.started_at_ns))}</td>
      <td className="number-like" title={secondText(reportedNs)}>
        {agoText(reportedNs, nowMs)}
        {reporting === 'silent' ? (
          <strong className="bad" title="It ended, hangs, or does not reach the bus">
            {' '}
            ✕ stopped reporting
          </strong>
        ) : undefined}
        {reporting === 'ended' ? <span className="muted"> ended; a newer process runs</span> : undefined}
      </td>
      <td className="number">{countText(received)}</td>
      <td className="number">{countText(emitted)}</td>
      <td className="number">{countText(leftOut)}</td>
      <td className={lost > 0 ? 'number bad' : 'number'}>{lost > 0 ? `✕ ${countText(lost)}` : '0'}</td>
      <td className="number">{countText(buffered)}</td>
      <td className="number" title={`${countText(lagMessages)} messages`}>
        {lagMessages === 0 ? 'no' : durationText(lagMs * 1e6)}
      </td>
    </tr>
  );
}
