import type { DifferencesAnswer } from '../../api/routes/differences.ts';
import { ErrorNotice, Notice } from '../shell/notice.tsx';
import { durationParameter, shareText } from '../text/duration.ts';
import { parseBox } from './box.ts';
import { useDifferences } from './use-heatmap.ts';
import { type ChangeSearch, type SearchUrl, withCondition } from './use-search-url.ts';

type Attribute = DifferencesAnswer['attributes'][number];

/** No more attributes, and values of each, are shown. */
const maxAttributes = 12;
const maxValues = 4;

/** What traces in the box of the heatmap have more or less often than the others. */
export function Differences({
  url,
  change,
}: {
  readonly url: SearchUrl;
  readonly change: ChangeSearch;
}): React.ReactNode {
  const box = parseBox(url.box);
  const { data, error } = useDifferences(url, box);
  if (box === undefined) return undefined;
  if (error !== null) return <ErrorNotice error={error} title="The differences could not be read" />;
  if (data === undefined) return <Notice kind="loading">Comparing the box with the rest …</Notice>;
  const add = (condition: string): void => change({ where: withCondition(url.where, condition), box: '' });
  return (
    <section className="differences" aria-label="What is different in the box">
      <div className="results-bar">
        <h2>
          {data.inside.toLocaleString('en')} in the box, {data.outside.toLocaleString('en')} outside
        </h2>
        <button
          type="button"
          onClick={() =>
            change({
              from: String(box.fromNs).padStart(19, '0'),
              to: String(box.toNs).padStart(19, '0'),
              last: '',
              min_duration: durationParameter(box.minNs),
              max_duration: durationParameter(box.maxNs),
              box: '',
            })
          }
        >
          Show only these
        </button>
        <button type="button" onClick={() => change({ box: '' })}>
          Remove the box
        </button>
      </div>
      {data.attributes.length === 0 ? (
        <p className="muted">Nothing differs: traces inside and outside have the same values.</p>
      ) : undefined}
      <div className="difference-list">
        {data.attributes.slice(0, maxAttributes).map((attribute) => (
          <AttributeTable key={attribute.field} attribute={attribute} onAdd={add} />
        ))}
      </div>
    </section>
  );
}

function AttributeTable({
  attribute,
  onAdd,
}: {
  readonly attribute: Attribute;
  readonly onAdd: (condition: string) => void;
}): React.ReactNode {
  return (
    <table>
      <caption>{attribute.field}</caption>
      <thead className="only-read">
        <tr>
          <th scope="col">Value</th>
          <th scope="col">In the box</th>
          <th scope="col">Outside</th>
          <th scope="col">Filter</th>
        </tr>
      </thead>
      <tbody>
        {attribute.values.slice(0, maxValues).map(({ value, inside, outside, where }) => (
          <tr key={value}>
            <th scope="row" title={value}>
              <button type="button" className="link" title={`Only traces with ${where}`} onClick={() => onAdd(where)}>
                {value || '(none)'}
              </button>
            </th>
            <td>
              <span className="share">
                <span className="share-inside" style={{ width: `${inside * 100}%` }} />
                <span className="share-outside" style={{ width: `${outside * 100}%` }} />
              </span>
            </td>
            <td className="number">
              {shareText(inside)} <span className="muted">/ {shareText(outside)}</span>
            </td>
            <td>
              <button
                type="button"
                className="link"
                aria-label={`Without ${value}`}
                title={`Without ${where}`}
                onClick={() => onAdd(`not (${where})`)}
              >
                ✕
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
