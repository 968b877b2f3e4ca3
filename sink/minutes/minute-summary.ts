/**
 * A view per minute that is fast because the sink sums minutes up.
 *
 * Rows may be stored again, replaced and late, so nothing can be added up as it arrives. The sink marks the minutes of what it
 * stores (mark-minutes.ts); a minute that was quiet for a while is summed up from its rows (sum-minutes.ts). The view takes such minutes
 * from their sums, and those that have changed since from the rows. So what a reader sees is always what the rows say.
 */

/** Its view is called `name`, the table of sums `name_sum`, and the view that adds rows up `name_now`. */
export interface MinuteSummary {
  readonly name: string;
}

/** Of table `flow`. */
export const flowMinute: MinuteSummary = { name: 'flow_minute' };

/** Of the calls in table `spans`. */
export const callMinute: MinuteSummary = { name: 'call_minute' };

/** Of the view `call_minute`, so what changes that changes this. */
export const serviceMinute: MinuteSummary = { name: 'service_minute' };

/** All of them; one that is summed up from another comes after it. */
export const minuteSummaries: readonly MinuteSummary[] = [flowMinute, callMinute, serviceMinute];
