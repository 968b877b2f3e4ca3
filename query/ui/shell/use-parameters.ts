import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/** Sets parameters of the address; those that are empty are removed. By default without a new entry in the history. */
export type ChangeParameters = (
  changes: Readonly<Record<string, string>>,
  options?: { readonly push?: boolean },
) => void;

/** The state of a page: parameters of its address. */
export function useParameters(): readonly [URLSearchParams, ChangeParameters] {
  const [parameters, setParameters] = useSearchParams();
  const change = useCallback<ChangeParameters>(
    (changes, { push = false } = {}) => setParameters((before) => changed(before, changes), { replace: !push }),
    [setParameters],
  );
  return [parameters, change];
}

function changed(before: URLSearchParams, changes: Readonly<Record<string, string>>): URLSearchParams {
  const next = new URLSearchParams(before);
  for (const [name, value] of Object.entries(changes))
    if (value === '') next.delete(name);
    else next.set(name, value);
  return next;
}

/** A path with parameters; those that are empty are left out. */
export function withParameters(path: string, parameters: Readonly<Record<string, string>>): string {
  const text = changed(new URLSearchParams(), parameters).toString();
  return text === '' ? path : `${path}?${text}`;
}
