/** The bearer token that a person gave, for as long as the tab is open. */

const key = 'spanloom-token';
const listeners = new Set<() => void>();
let isRefused = false;

function publish(): void {
  for (const listener of listeners) listener();
}

/** The token; empty without one. */
export function currentToken(): string {
  return sessionStorage.getItem(key) ?? '';
}

/** Keeps the token, and lets requests be tried with it. */
export function giveToken(token: string): void {
  sessionStorage.setItem(key, token);
  isRefused = false;
  publish();
}

/** The API wants a token, or another one. */
export function tokenWasRefused(): void {
  isRefused = true;
  publish();
}

/** Whether a person has to give a token first. */
export const isTokenWanted = (): boolean => isRefused;

/** Calls back after each change, until the result is called. */
export function onTokenChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
