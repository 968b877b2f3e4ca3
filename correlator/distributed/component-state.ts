import type { InputOffset } from '../input-offsets.ts';
import type { RevisionPace } from '../revision-pace.ts';
import { ComponentSpans } from './component-spans.ts';

/** The spans of one component, on their way to a trace. */
export interface ComponentState {
  readonly id: string;
  readonly spans: ComponentSpans;
  /** Trace ids under which it was emitted, also those of components that became part of it, with the message that says so. */
  readonly names: Map<string, InputOffset>;
  /** Spans of which the cause is known. */
  caused: number;
  /** When the last span came. */
  touchedMs: number;
  /** Time since which it has something that no emitted trace has. */
  changedMs: number;
  /** The last emitted revision; undefined before the first. */
  emitted: { readonly traceId: string; readonly revision: number; readonly pace: RevisionPace } | undefined;
  /** When something is to be done, while it is among those that wait for that. */
  dueMs: number;
}

/** A component without spans. */
export function newComponentState(id: string, nowMs: number): ComponentState {
  const [spans, names] = [new ComponentSpans(), new Map<string, InputOffset>()];
  return { id, spans, names, caused: 0, touchedMs: nowMs, changedMs: nowMs, emitted: undefined, dueMs: 0 };
}

/**
 * Revision number: counts every change of the trace, so it only grows. A trace that took over the spans of another one has a
 * higher number than that one.
 */
export const revisionOf = (component: ComponentState): number => component.spans.size + component.caused;
