/** Where every run has to be the same (CI), property tests start from one seed; elsewhere each run looks at other cases. */
import fc from 'fast-check';

const seed = process.env['TEST_SEED'];
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
