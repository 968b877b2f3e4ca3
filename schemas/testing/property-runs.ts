/** `npm test` looks at a tenth of the cases that `npm run test:long` looks at. */
const shareOfQuickRun = 0.1;

/** How often a property that is costly to check is checked, of `many` times in a long run. */
export function propertyRuns(many: number): number {
  return process.env['TEST_LONG'] === '1' ? many : Math.ceil(many * shareOfQuickRun);
}
