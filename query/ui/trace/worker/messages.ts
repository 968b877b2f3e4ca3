import type { TraceModel } from '../model/trace-model.ts';

/** What the page asks of the worker. */
export interface TraceRequest {
  readonly path: string;
  readonly token: string;
}

/** What the worker says. */
export type TraceReply =
  | { readonly kind: 'progress'; readonly spans: number }
  | { readonly kind: 'model'; readonly model: TraceModel }
  | {
      readonly kind: 'failed';
      readonly status: number;
      readonly problems: readonly string[];
      readonly body: Readonly<Record<string, unknown>>;
    };
