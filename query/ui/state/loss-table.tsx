import { useState } from 'react';
import { countText, counted } from '../text/count.ts';
import { periodText } from '../time/period-text.ts';
import { reasonName, reasonText } from './reasons.ts';
import type { StageLoss } from './use-losses.ts';

const shownAtOnce = 50;

/** What is missing: how much, where, when, and what its reason means. */
export function LossTable({ losses }: { readonly losses: readonly StageLoss[] }): React.ReactNode {
  const [shown, setShown] = useState(shownAtOnce);
  if (losses.length === 0) return <p className="muted">Nothing.</p>;
  return (
    <>
      <table className="rows-table">
        <thead>
          <tr>
            <th className="number">Records</th>
            <th>Stage</th>
            <th>Host</th>
            <th>When</th>
            <th>Reason</th>
            <th>What it means</th>
          </tr>
        </thead>
        <tbody>
          {losses.slice(0, shown).map(({ stage, host, outcome, reason, count, first_ns, last_ns }) => (
            <tr key={JSON.stringify([stage, host, outcome, reason])}>
              <td className="number bad">✕ {countText(count)}</td>
              <td>{stage}</td>
              <td className="cut" title={host}>
                {host}
              </td>
              <td className="number-like">{periodText(BigInt(first_ns), BigInt(last_ns))}</td>
              <td className="cut" title={reason}>
                {reasonName(reason)}
                {outcome === 'rejected' ? ', refused' : ''}
              </td>
              <td className="wide">{reasonText(reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {losses.length > shown ? (
        <button type="button" className="link" onClick={() => setShown(shown + 200)}>
          {counted(losses.length - shown, 'more')}
        </button>
      ) : undefined}
    </>
  );
}
