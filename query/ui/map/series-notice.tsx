/** In place of charts that are on their way, or that could not be read. */
export function SeriesNotice({ error, what }: { readonly error: unknown; readonly what: string }): React.ReactNode {
  if (error === null)
    return (
      <p className="muted" role="status">
        Reading {what} …
      </p>
    );
  return (
    <p role="alert">
      The {what} could not be read: {error instanceof Error ? error.message : 'for an unknown reason'}
    </p>
  );
}
