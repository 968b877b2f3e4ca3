import type { SpanStatus } from '../../schemas/generated/span.ts';

/** Statuses in which something failed. */
export const errorStatuses: readonly SpanStatus[] = ['client_error', 'server_error', 'timeout', 'closed'];
