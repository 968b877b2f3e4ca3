/** Table `flow`: one row an interval of a flow. */
import { flowFieldColumns } from '../generated/flow-row.ts';
import { flowMinute } from '../minutes/minute-summary.ts';
import type { Table } from './table.ts';

/** One row an interval of a flow; its columns in the order of `flowInput`. Enums travel as numbers. */
export const flowTable: Table = {
  name: 'flow',
  columns: [{ name: 'agent_id', type: 'Int64' }, ...flowFieldColumns],
  summaries: [flowMinute],
  expiry: {},
};
