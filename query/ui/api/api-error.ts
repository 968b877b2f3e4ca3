/** What the API refused, or that it does not answer. */
export class ApiError extends Error {
  /** Of HTTP; 0 where nothing answered. */
  readonly status: number;
  /** What is wrong, one sentence each, as the API says it. */
  readonly problems: readonly string[];
  /** The answer's other fields, such as `trace_ids` of an ambiguous id. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, problems: readonly string[], body: Readonly<Record<string, unknown>> = {}) {
    super(problems.join('; '));
    this.name = 'ApiError';
    this.status = status;
    this.problems = problems;
    this.body = body;
  }
}

/** Whether the same request may be answered a moment later. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof ApiError && [0, 429, 502, 503, 504].includes(error.status);
}
