import { columnsOf, outlineNumberNames, outlineTextNames } from './trace-outline-columns.ts';
import type { OutlinePageJson } from './trace-outline-json.ts';

/** A page of no spans. */
export const emptyOutlinePage: OutlinePageJson = {
  first_start_ns: '0',
  span_ids: '',
  parent_span_ids: '',
  ...columnsOf(outlineNumberNames, [] as number[]),
  ...columnsOf(outlineTextNames, { texts: [] as string[], numbers: [] as number[] }),
};
