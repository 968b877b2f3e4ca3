/** Kinds of values that can be overwritten whatever they are called: docs/redaction.md. */
export const redactedValues = ['url-parameters', 'http-headers', 'sql-literals', 'cache-values'] as const;

export type RedactedValues = (typeof redactedValues)[number];
