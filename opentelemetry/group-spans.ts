import { type ReportedForm, readReportedForm } from './reported-form.ts';
import { resourceKey } from './resource-attributes.ts';
import type { VisibleSpan } from './visible-spans.ts';

/** A span, and the form it was reported in if an application reported it. */
export interface GroupedSpan {
  readonly visible: VisibleSpan;
  readonly form: ReportedForm | undefined;
}

/** Spans of one resource, which is that of `first`. */
export interface ResourceGroup {
  readonly key: string;
  readonly first: GroupedSpan;
  /** Spans of one instrumentation scope each. */
  readonly scopes: ReadonlyMap<string, readonly GroupedSpan[]>;
}

const bytesKey = (bytes: Buffer): string => bytes.toString('latin1');

/** Two spans with equal keys have the same resource. */
function keyOf({ span }: VisibleSpan, form: ReportedForm | undefined): string {
  const key = resourceKey(span);
  if (form === undefined) return key;
  return `${key} ${form.resourceSchemaUrl.length} ${bytesKey(form.resourceSchemaUrl)}${bytesKey(form.resource)}`;
}

function scopeKey(form: ReportedForm | undefined): string {
  if (form === undefined) return '';
  return `${form.scopeSchemaUrl.length} ${bytesKey(form.scopeSchemaUrl)}${bytesKey(form.scope)}`;
}

/**
 * Spans by resource and scope, both in the order of the spans.
 *
 * @param unreadable called for each reported span whose form cannot be read; its other fields are written
 */
export function groupSpans(spans: readonly VisibleSpan[], unreadable?: () => void): readonly ResourceGroup[] {
  const groups = new Map<string, { key: string; first: GroupedSpan; scopes: Map<string, GroupedSpan[]> }>();
  for (const visible of spans) {
    const { otlp } = visible.span;
    const form = otlp.length === 0 ? undefined : readReportedForm(otlp);
    if (form === undefined && otlp.length > 0) unreadable?.();
    const grouped = { visible, form };
    const key = keyOf(visible, form);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { key, first: grouped, scopes: new Map() }));
    const scope = scopeKey(form);
    const list = group.scopes.get(scope);
    if (list === undefined) group.scopes.set(scope, [grouped]);
    else list.push(grouped);
  }
  return [...groups.values()];
}
