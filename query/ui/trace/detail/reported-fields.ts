import type { ReportedDetailsJson } from '../../../api/reported-details-json.ts';

/** What only reported spans have: the pane shows it in sections of their own. */
const fields: Readonly<Record<keyof ReportedDetailsJson, true>> = {
  is_details_cut: true,
  attributes: true,
  dropped_attributes_count: true,
  events: true,
  dropped_events_count: true,
  links: true,
  dropped_links_count: true,
  resource_attributes: true,
  scope: true,
  span_kind: true,
  trace_state: true,
  status_code: true,
  status_message: true,
};

export const reportedFields: readonly string[] = Object.keys(fields);
