/** Name of the instrumentation scope of every span that spanloom makes. */
export const scopeName = 'spanloom';
