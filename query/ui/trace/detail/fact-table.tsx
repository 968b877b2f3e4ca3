import { useState } from 'react';
import type { Fact } from './span-facts.ts';

/** So many lines at first, and more each time that a person asks for them. */
const page = 200;

/** Names and values; of very many the first, until more are asked for. */
export function FactTable({
  facts,
  caption,
}: {
  readonly facts: readonly Fact[];
  readonly caption: string;
}): React.ReactNode {
  const [shown, setShown] = useState(page);
  return (
    <>
      <table className="facts">
        <caption className="only-read">{caption}</caption>
        <tbody>
          {facts.slice(0, shown).map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {facts.length > shown ? (
        <button type="button" onClick={() => setShown(shown + 10 * page)}>
          Show more of {facts.length.toLocaleString('en')}
        </button>
      ) : undefined}
    </>
  );
}
