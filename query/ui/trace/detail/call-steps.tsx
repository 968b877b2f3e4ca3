import { durationText, shareText } from '../../text/duration.ts';
import { callSteps, type CallStep } from '../model/call-facts.ts';
import type { TraceModel } from '../model/trace-model.ts';

/** Where the time of one call went: what it spent between the places where it was seen, and in the server. */
export function CallSteps({ model, head }: { readonly model: TraceModel; readonly head: number }): React.ReactNode {
  const steps = callSteps(model, head);
  const total = model.columns.durationNs[head]!;
  const most = steps.reduce((largest, { ns }) => Math.max(largest, ns), 0);
  const waitNs = waitedNs(model, steps.at(-1));
  const differs = steps.some(({ oneClock }) => !oneClock);
  return (
    <>
      <table className="steps">
        <caption className="only-read">Where the time of this call went</caption>
        <tbody>
          {steps.map((step) => (
            <tr key={step.span} className={step.ns === most && steps.length > 1 ? 'steps-most' : ''}>
              <th scope="row">{stepName(model, step)}</th>
              <td className="steps-bar" aria-hidden="true">
                <span
                  className={`key key-${keyOf[step.kind]}`}
                  style={{ width: `${(step.ns / Math.max(1, total)) * 100}%` }}
                />
              </td>
              <td className="number">{durationText(step.ns)}</td>
              <td className="number muted">{shareText(total > 0 ? step.ns / total : 0)}</td>
              <td className="muted steps-ways" title="The way there and the way back">
                {waysText(step)}
              </td>
            </tr>
          ))}
          {waitNs > 0 ? (
            <tr>
              <th scope="row">waited for its own calls</th>
              <td className="steps-bar" aria-hidden="true">
                <span className="key key-waits" style={{ width: `${(waitNs / Math.max(1, total)) * 100}%` }} />
              </td>
              <td className="number">{durationText(waitNs)}</td>
              <td className="number muted">{shareText(total > 0 ? waitNs / total : 0)}</td>
              <td />
            </tr>
          ) : undefined}
        </tbody>
      </table>
      {differs ? (
        <p className="muted small">Between hosts only the sum of both ways is exact: their clocks differ.</p>
      ) : undefined}
    </>
  );
}

/** How long the server waited for calls that it made itself; 0 where it was not seen. */
function waitedNs({ columns, ownNs }: TraceModel, last: CallStep | undefined): number {
  return last?.kind === 'application' ? Math.max(0, columns.durationNs[last.span]! - ownNs[last.span]!) : 0;
}

const keyOf = { application: 'own', network: 'network', unseen: 'unseen' } as const;

function stepName({ columns }: TraceModel, { span, next, kind }: CallStep): React.ReactNode {
  const point = (of: number): string => columns.texts[columns.point[of]!]!;
  if (kind === 'network')
    return (
      <>
        <code>{point(span)}</code> ⇄ <code>{point(next)}</code>
      </>
    );
  const server = columns.texts[columns.server[span]!]!;
  return kind === 'application' ? `in ${server}, without its calls` : `beyond ${point(span)}: network or ${server}`;
}

function waysText({ next, oneClock, thereNs, backNs }: CallStep): string {
  if (next === -1 || !oneClock) return '';
  return `→ ${durationText(thereNs)} ← ${durationText(backNs)}`;
}
