import { Link } from 'wouter';
import type { AttributeJson, ReportedDetailsJson, ReportedEventJson } from '../../../api/reported-details-json.ts';
import { durationText } from '../../text/duration.ts';
import type { SpanJson } from '../model/span-json.ts';
import { FactTable } from './fact-table.tsx';
import type { Fact } from './span-facts.ts';

/** What the application reported with the span: attributes, events by their time in it, links. Nothing for other spans. */
export function ReportedDetails({ span }: { readonly span: SpanJson }): React.ReactNode {
  if (span.is_details_cut === true)
    return <p className="muted">The attributes of this span are too large to be shown.</p>;
  if (span.attributes === undefined) return undefined;
  const { attributes, events = [], links = [], resource_attributes: resource = [], scope } = span;
  return (
    <>
      <section>
        <h3>Reported attributes</h3>
        <FactTable facts={factsOf(attributes)} caption="Attributes that the application reported" />
        <Described span={span} />
      </section>
      {events.length === 0 ? undefined : (
        <section>
          <h3>Events</h3>
          <FactTable facts={events.map((event, at) => eventFact(span, event, at))} caption="Events during the span" />
        </section>
      )}
      {links.length === 0 ? undefined : (
        <section>
          <h3>Links</h3>
          <ul>
            {links.map((link, at) => (
              <li key={at}>
                <Link href={`/trace/${link.trace_id}?span=${link.span_id}`}>{link.trace_id}</Link>, span{' '}
                <code>{link.span_id}</code>
                {link.attributes.length === 0 ? '' : `: ${inline(link.attributes)}`}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h3>Resource</h3>
        <FactTable facts={factsOf(resource)} caption="Attributes of the resource" />
        {scope === undefined || scope.name === '' ? undefined : (
          <p className="muted small">
            Made by {scope.name} {scope.version}
          </p>
        )}
      </section>
    </>
  );
}

/** Its kind and status, and how much the application left out by its own limits. */
function Described({ span }: { readonly span: ReportedDetailsJson }): React.ReactNode {
  const dropped = (
    [
      ['attributes', span.dropped_attributes_count],
      ['events', span.dropped_events_count],
      ['links', span.dropped_links_count],
    ] as const
  ).flatMap(([name, count = 0]) => (count === 0 ? [] : [`${count.toLocaleString('en')} ${name}`]));
  return (
    <p className="muted small">
      Kind {span.span_kind}, status {span.status_code}
      {span.status_message === '' ? '' : `: ${span.status_message}`}.
      {dropped.length === 0 ? '' : ` The application left out ${dropped.join(', ')}.`}
    </p>
  );
}

const factsOf = (attributes: readonly AttributeJson[]): readonly Fact[] =>
  attributes.map(({ key, value }) => ({ name: key, value: valueText(value) }));

function eventFact(span: SpanJson, { time_ns: timeNs, name, attributes }: ReportedEventJson, at: number): Fact {
  const offset = durationText(Number(BigInt(timeNs) - BigInt(span.start_time_ns)));
  return { name: `${at + 1}. after ${offset}`, value: [name, inline(attributes)].filter(Boolean).join(': ') };
}

const inline = (attributes: readonly AttributeJson[]): string =>
  attributes.map(({ key, value }) => `${key}=${valueText(value)}`).join(', ');

/** A value of the API: texts as they are, arrays and maps of typed values as JSON without the types. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  return JSON.stringify(plain(value));
}

interface Typed {
  readonly key?: string;
  readonly value: unknown;
}

function plain(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const items = value as readonly Typed[];
  if (items.some(({ key }) => key !== undefined))
    return Object.fromEntries(items.map(({ key, value: item }) => [key, plain(item)]));
  return items.map(({ value: item }) => plain(item));
}
