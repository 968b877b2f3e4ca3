import { ApiError } from '../api/api-error.ts';

/** In place of content, or above it: that it is on its way, that there is none, or what went wrong; and what to do. */
export function Notice({
  kind,
  title,
  children,
}: {
  readonly kind: 'loading' | 'empty' | 'error' | 'warning';
  readonly title?: string;
  readonly children?: React.ReactNode;
}): React.ReactNode {
  return (
    <div className={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      {title === undefined ? undefined : <h2>{title}</h2>}
      <div>{children}</div>
    </div>
  );
}

/** What went wrong with a request, and a way to try again. */
export function ErrorNotice({
  error,
  title,
  retry,
}: {
  readonly error: unknown;
  readonly title: string;
  readonly retry?: () => void;
}): React.ReactNode {
  const problems = error instanceof ApiError ? error.problems : [String(error)];
  return (
    <Notice kind="error" title={title}>
      {problems.length === 1 ? (
        <p>{problems[0]}</p>
      ) : (
        <ul>
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      {retry === undefined ? undefined : (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </Notice>
  );
}
