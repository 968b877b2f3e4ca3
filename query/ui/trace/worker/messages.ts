import type { SpanJson } from '../model/span-json.ts';
import type { TraceModel } from '../model/trace-model.ts';

/** What the page asks of the worker. */
export type TraceRequest =
  | { readonly kind: 'read'; readonly path: string; readonly token: string }
  | { readonly kind: 'span'; readonly position: number };

/** What the worker says. */
export type TraceReply =
  | { readonly kind: 'progress'; readonly spans: number }
  | { readonly kind: 'model'; readonly model: TraceModel }
  | {
      readonly kind: 'failed';
      readonly status: number;
      readonly problems: readonly string[];
      readonly body: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'span'; readonly position: number; readonly span: SpanJson };
