import { Link } from 'wouter';
import { withParameters } from '../shell/use-parameters.ts';
import { countText } from '../text/count.ts';
import { periodText } from '../time/period-text.ts';
import { type TimeRange, writeRange } from '../time/time-range.ts';
import { reasonName } from './reasons.ts';
import { type StageLoss, useLosses, withReports } from './use-losses.ts';
import './loss-banner.css';

/** Says that something was lost in the time that a page shows: what, where and when. Nothing when nothing was. */
export function LossBanner({ range }: { readonly range: TimeRange }): React.ReactNode {
  const losses = useLosses(range);
  const [first] = losses;
  if (first === undefined) return undefined;
  return (
    <div className="loss-banner" role="status">
      <span aria-hidden="true">⚠</span>
      <span>
        <strong>Not everything of this time is here.</strong> {lossText(first)}
        {losses.length > 1 ? `; and ${losses.length - 1} more` : ''}.
      </span>
      <Link href={withParameters('/state', writeRange(withReports(range)))}>What was lost</Link>
    </div>
  );
}

/** `1,234 records lost at the collector of node-1 (ring full), 12:03:10 to 12:04:00`. */
function lossText({ count, stage, host, outcome, reason, first_ns, last_ns }: StageLoss): string {
  const records = count === 1 ? 'record' : 'records';
  const verb = outcome === 'rejected' ? 'refused' : 'lost or incomplete';
  return `${countText(count)} ${records} ${verb} at the ${stage} of ${host} (${reasonName(reason)}), ${periodText(BigInt(first_ns), BigInt(last_ns))}`;
}
