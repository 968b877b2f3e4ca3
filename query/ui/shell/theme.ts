/** Light or dark: as the system says, or as the person chose here. */

export type Theme = 'system' | 'light' | 'dark';

const key = 'spanloom-theme';
const listeners = new Set<() => void>();

function isTheme(text: unknown): text is Theme {
  return text === 'system' || text === 'light' || text === 'dark';
}

/** What was chosen. */
export function chosenTheme(): Theme {
  const stored = localStorage.getItem(key);
  return isTheme(stored) ? stored : 'system';
}

/** Chooses, for this and later visits. */
export function chooseTheme(theme: Theme): void {
  localStorage.setItem(key, theme);
  apply();
}

/** Changes whenever the colors that are shown do. */
export const shownColors = (): string => `${chosenTheme()} ${matchMedia('(prefers-color-scheme: dark)').matches}`;

/** Calls back when colors have changed, until the result is called. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Applies the choice, now and whenever the system or another tab changes it. */
export function followTheme(): void {
  apply();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  addEventListener('storage', apply);
}

function apply(): void {
  document.documentElement.dataset['theme'] = chosenTheme();
  for (const listener of listeners) listener();
}
