import { countText, partText } from '../text/count.ts';
import { reasonName, reasonText } from './reasons.ts';
import { isLost, type StageSummary } from './summary.ts';

/** Records that are no part of any trace and are not missing there, by reason. */
export function LeftOutTable({ summaries }: { readonly summaries: readonly StageSummary[] }): React.ReactNode {
  const rows = summaries.flatMap(({ stage, received, reasons }) =>
    reasons.filter((each) => !isLost(each)).map(({ reason, count }) => ({ stage, received, reason, count })),
  );
  if (rows.length === 0) return <p className="muted">Nothing.</p>;
  return (
    <table className="rows-table">
      <thead>
        <tr>
          <th className="number">Records</th>
          <th className="number">Of received</th>
          <th>Stage</th>
          <th>Reason</th>
          <th>What it means</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ stage, received, reason, count }) => (
          <tr key={`${stage} ${reason}`}>
            <td className="number">{countText(count)}</td>
            <td className="number muted">{received > 0 ? partText(Math.min(count, received), received) : ''}</td>
            <td>{stage}</td>
            <td className="cut">{reasonName(reason)}</td>
            <td className="wide">{reasonText(reason)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
