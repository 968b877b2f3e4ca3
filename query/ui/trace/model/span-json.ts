import type { ReportedDetailsJson } from '../../../api/reported-details-json.ts';

/** A span as the API gives it: schemas/trace-json.ts. What the page reads by name; the pane shows the other fields as they are. */
export interface SpanJson extends ReportedDetailsJson {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly reason: string;
  readonly confidence: number;
  readonly agent_id: number;
  readonly flow_id: number;
  readonly observation_point: string;
  /** Unix nanoseconds, as a decimal string. */
  readonly start_time_ns: string;
  readonly duration_ns: number;
  readonly status: string;
  readonly protocol: string;
  readonly request_type: string;
  readonly request_resource: string;
  readonly endpoint: string;
  readonly response_code: number;
  readonly response_exception: string;
  readonly process_name: string;
  readonly tunnels?: readonly { readonly type: string; readonly id: number }[];
  readonly client: { readonly address: string; readonly port: number };
  readonly server: { readonly address: string; readonly port: number };
  readonly service_name?: string;
  readonly client_service_name?: string;
  readonly server_service_name?: string;
  readonly client_names?: Readonly<Record<string, string>>;
  readonly server_names?: Readonly<Record<string, string>>;
  readonly likely_parents: readonly LikelyParentJson[];
  readonly causes: readonly CauseJson[];
}

/** A server span that may have made a call. */
export interface LikelyParentJson {
  readonly span_id: string;
  readonly start_time_ns: string;
  readonly reason: string;
  readonly confidence: number;
}

/** One candidate for what a message continued. */
export interface CauseJson {
  readonly kind: string;
  readonly span_id: string;
  readonly rule: string;
  readonly confidence: number;
  readonly learned: boolean;
}
