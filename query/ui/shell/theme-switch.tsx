import { useSyncExternalStore } from 'react';
import { chooseTheme, chosenTheme, onThemeChange, type Theme } from './theme.ts';

const next: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const texts: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

/** Goes through the colors: those of the system, light, dark. */
export function ThemeSwitch(): React.ReactNode {
  const theme = useSyncExternalStore(onThemeChange, chosenTheme);
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => chooseTheme(next[theme])}
      aria-label={`Colors: ${texts[theme]}`}
      title={`Colors: ${texts[theme]}; next: ${texts[next[theme]]}`}
    >
      {texts[theme]}
    </button>
  );
}
