import type { ConfigValues, Sections } from './load-config.ts';
import { describeSection } from './section.ts';

function show(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The settings in effect, one `NAME=value` a line; sizes in bytes, durations in milliseconds, secrets as `***`. */
export function printConfig<All extends Sections>(sections: All, values: ConfigValues<All>): string {
  const lines: string[] = [];
  for (const [name, section] of Object.entries(sections)) {
    const sectionValues = values[name] as Readonly<Record<string, unknown>>;
    for (const setting of describeSection(section)) {
      const value = sectionValues[setting.field];
      if (value === undefined) continue;
      lines.push(`${setting.environmentName}=${setting.secret ? '***' : show(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
