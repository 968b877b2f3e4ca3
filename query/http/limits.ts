/** What a client of the API may cost. */
import type { AdmissionLimits } from './admission.ts';

/** Bounds of the API. */
export interface QueryLimits extends AdmissionLimits {
  /** Requests to the database at the same time; others wait in the order of asking. */
  readonly maxConcurrency: number;
  /** Time for a request from its head to the last byte of its answer. */
  readonly requestTimeoutMs: number;
  /** A client that takes nothing of its answer for longer is disconnected. */
  readonly stallTimeoutMs: number;
  /** Longest range of time that a request may add up. */
  readonly maxRangeNs: bigint;
}

/** `yieldAfterMs` of AdmissionLimits, which has no setting. */
export const yieldAfterMs = 1_000;

/** Of the path with its parameters. The longest condition, endpoint and service fit in, also percent-encoded. */
export const maxUrlLength = 14_000;
/** Bound of the problems in an answer: it must not be many times the size of its request. */
export const maxProblems = 16;
/** A client that was refused for lack of room may ask again after this time. */
export const retryAfterSeconds = 1;

/** Of answers without an end, such as live views. Each also has a place among all requests. */
export const streamLimits: AdmissionLimits = { maxRequests: 16, maxRequestsPerClient: 4, yieldAfterMs: Infinity };
