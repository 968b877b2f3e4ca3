import { useMemo } from 'react';
import { durationText, shareText } from '../../text/duration.ts';
import { pathParts, type TimePart } from '../model/breakdown.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { hueColor } from './service-hues.ts';

/** So many parts are named; the rest is one. */
const maxParts = 5;

/** Where the time of the whole trace went, by its critical path: in which application, on which part of the network. */
export function PathSummary({
  model,
  hues,
  onSelect,
}: {
  readonly model: TraceModel;
  readonly hues: ReadonlyMap<string, number>;
  readonly onSelect: (span: number) => void;
}): React.ReactNode {
  const parts = useMemo(() => pathParts(model), [model]);
  const total = parts.reduce((sum, { ns }) => sum + ns, 0);
  if (total === 0) return undefined;
  const named = parts.slice(0, maxParts);
  const rest = parts.slice(maxParts).reduce((sum, { ns }) => sum + ns, 0);
  return (
    <section className="path-summary" aria-label="Where the time went">
      <div className="path-bar" aria-hidden="true">
        {parts.map((part) => (
          <span
            key={keyOf(part)}
            className={`path-part path-${part.kind}`}
            style={{ flexGrow: part.ns, color: hueColor(hues.get(part.kind === 'application' ? part.from : part.to)) }}
          />
        ))}
      </div>
      <p>
        <span className="muted">Of {durationText(total)}</span>
        {named.map((part) => (
          <button key={keyOf(part)} type="button" className="part" onClick={() => onSelect(part.span)}>
            <strong>{durationText(part.ns)}</strong> <span className="muted">{shareText(part.ns / total)}</span>{' '}
            {partText(part)}
          </button>
        ))}
        {rest === 0 ? undefined : <span className="muted">{durationText(rest)} elsewhere</span>}
      </p>
    </section>
  );
}

const keyOf = ({ kind, from, to, points }: TimePart): string => [kind, from, to, points].join('\n');

function partText({ kind, from, to, points }: TimePart): string {
  if (kind === 'application') return `in ${from}`;
  if (kind === 'unseen') return `beyond ${points}: network or ${to}`;
  // Where only processes were seen, nobody knows which part the kernels had, and waiting for a processor.
  const isOfProcesses = /^c-p – s-p$/.test(points);
  return `${isOfProcesses ? 'on the way, network and kernels' : 'on the network'}, ${from} → ${to} (${points})`;
}
