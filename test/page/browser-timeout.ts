/** Of a test in a browser, and of each step: a browser shares two processors with whatever else is tested. */
export const browserTimeoutMs = 300_000;
