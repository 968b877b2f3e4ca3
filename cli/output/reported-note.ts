import { attributeText } from '../../opentelemetry/attribute-text.ts';
import { type Attribute, reportedDetails } from '../../opentelemetry/reported-details.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { counted } from './counted.ts';
import { formatDuration } from './duration.ts';
import { shortened } from './printable.ts';

/** Characters of one value; `--json` has all. */
const maxValueLength = 200;

/** What an application reported with a span, for people: attributes, events by their time in the span, links. Nothing of other spans. */
export function reportedNote({ signalSource, otlp, startTimeNs }: Span): readonly string[] {
  if (signalSource !== 'otel') return [];
  const details = otlp.length === 0 ? undefined : reportedDetails(otlp);
  if (details === undefined) return ['attributes are too large to be shown'];
  const { attributes, events, links } = details;
  const dropped = [
    [details.droppedAttributesCount, 'attribute', 'attributes'],
    [details.droppedEventsCount, 'event', 'events'],
    [details.droppedLinksCount, 'link', 'links'],
  ] as const;
  return [
    ...attributes.map(attributeNote),
    ...events.map(
      (event) =>
        `event ${event.name} at ${formatDuration(Number(event.timeNs - startTimeNs))}${withAttributes(event.attributes)}`,
    ),
    ...links.map((link) => `link to span ${link.spanId} of trace ${link.traceId}${withAttributes(link.attributes)}`),
    ...dropped.flatMap(([count, one, several]) =>
      count === 0 ? [] : [`${counted(count, one, several)} left out by the application`],
    ),
  ];
}

const attributeNote = (attribute: Attribute): string =>
  `${attribute.key}=${shortened(attributeText(attribute), maxValueLength)}`;

const withAttributes = (attributes: readonly Attribute[]): string =>
  attributes.length === 0 ? '' : `: ${attributes.map(attributeNote).join(', ')}`;
