import { momentText } from '../../text/moment.ts';
import type { SpanJson } from '../model/span-json.ts';
import { labelsSinceThen, nameSinceThen, type SinceThen } from './since-then.ts';
import type { SpanAnswer } from './use-span.ts';

/** Names of both ends of a call as they were when it began, and beside them what has changed since. */
export function TagTable({ answer }: { readonly answer: SpanAnswer }): React.ReactNode {
  const { span, client_resources: client, server_resources: server } = answer;
  const sides = [namesOf(span.client_names, client), namesOf(span.server_names, server)];
  const kinds = [...new Set(sides.flatMap((names) => [...names.keys()]))];
  const isChanged = sides.some((names) => [...names.values()].some(hasChanged));
  const end = ({ address, port }: SpanJson['client']): string => (port === 0 ? address : `${address} : ${port}`);
  return (
    <>
      <table className="tags">
        <caption className="only-read">Both ends of the call, as they were when it began and as they are now</caption>
        <Sides title="" />
        <tbody>
          <tr>
            <th scope="row">address</th>
            <td className="mono">{end(span.client)}</td>
            <td className="mono">{end(span.server)}</td>
          </tr>
          {kinds.map((kind) => (
            <tr key={kind}>
              <th scope="row">{kind.replaceAll('_', ' ')}</th>
              {sides.map((names, side) => (
                <td key={side}>{value(names.get(kind))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted small">
        {isChanged ? 'What has changed since is below each name.' : 'They are all called so now, too.'}
      </p>
      <Labels answer={answer} />
    </>
  );
}

function Sides({ title }: { readonly title: string }): React.ReactNode {
  return (
    <thead>
      <tr>
        {title === '' ? <td /> : <th scope="col">{title}</th>}
        <th scope="col">Client</th>
        <th scope="col">Server</th>
      </tr>
    </thead>
  );
}

function namesOf(
  names: SpanJson['client_names'] = {},
  resources: SpanAnswer['client_resources'],
): ReadonlyMap<string, SinceThen> {
  const known = new Map(resources.map((resource) => [resource.kind, nameSinceThen(resource)]));
  for (const [kind, then] of Object.entries(names))
    if (then !== '' && !known.has(kind)) known.set(kind, { then, now: undefined, removedNs: undefined });
  return known;
}

const hasChanged = ({ now, removedNs }: SinceThen): boolean => now !== undefined || removedNs !== undefined;

function value(since: SinceThen | undefined): React.ReactNode {
  if (since === undefined) return undefined;
  const { then, now, removedNs } = since;
  return (
    <>
      {then}
      {now === undefined ? undefined : <span className="since">now {now === '' ? 'not set' : now}</span>}
      {removedNs === undefined ? undefined : <span className="since">removed {momentText(removedNs)}</span>}
    </>
  );
}

/** Labels are many and seldom what a person looks for, so they are closed at first. */
function Labels({ answer }: { readonly answer: SpanAnswer }): React.ReactNode {
  const sides = [labelsSinceThen(answer.client_resources), labelsSinceThen(answer.server_resources)];
  const all = sides.flat();
  if (all.length === 0) return undefined;
  const changed = all.filter(({ now }) => now !== undefined).length;
  const rows = new Map(all.map(({ kind, label }) => [`${kind}\n${label}`, { kind, label }]));
  return (
    <details className="labels">
      <summary>
        {all.length.toLocaleString('en')} labels{changed === 0 ? '' : `, ${changed.toLocaleString('en')} changed since`}
      </summary>
      <table className="tags">
        <caption className="only-read">Labels of both ends</caption>
        <Sides title="Label" />
        <tbody>
          {[...rows.values()].map(({ kind, label }) => (
            <tr key={`${kind} ${label}`}>
              <th scope="row">
                <span className="muted">{kind}</span> {label}
              </th>
              {sides.map((labels, side) => {
                const found = labels.find((each) => each.kind === kind && each.label === label);
                return (
                  <td key={side}>{value(found === undefined ? undefined : { ...found, removedNs: undefined })}</td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
