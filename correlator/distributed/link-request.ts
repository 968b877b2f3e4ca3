import type { Edge, SpanRecord } from '../spans/span-record.ts';
import { nodeName } from './link-bytes.ts';

/** A span to be linked: it goes to the topic `linked` once its component is known. */
export interface LinkRequest {
  readonly span: SpanRecord;
  /** What caused it, as far as was known when this was made. */
  readonly cause: Edge | undefined;
  /** A previous owner may have linked this span, and other instances may have sent spans under its id. */
  readonly mayBeKnown: boolean;
}

/** The node of a span in the link store: the component under which it was sent last, else its own key. */
export const nodeOf = (span: SpanRecord): string => (span.componentId === '' ? nodeName(span.key) : span.componentId);
