import { describeSection, type ConfigSection } from '../core/config/section.ts';
import { sections } from './settings.ts';

const introduction = `# Configuration

<!-- Written by scripts/write-configuration.ts from the stages' settings. Do not edit. -->

Settings come from the environment. A name that starts with \`SPANLOOM_\` and is not listed here is refused, and all
problems are reported together. \`spanloom config\` prints the settings in effect; secrets are not shown.

Sizes are bytes or have a unit (\`64KiB\`, \`1.5GB\`), durations are milliseconds or have a unit (\`250ms\`, \`5s\`, \`1h\`),
lists are separated by commas.
`;

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const chapters = Object.values<ConfigSection>(sections).map(
    (section) => `\n## ${section.title}\n\n${tableOf(section)}`,
  );
  return introduction + chapters.join('');
}

function tableOf(section: ConfigSection): string {
  const rows = describeSection(section).map((setting) => {
    const fallback = setting.default === undefined ? (setting.required ? 'required' : '') : `\`${setting.default}\``;
    return [`\`${setting.environmentName}\``, setting.type.replaceAll('|', '\\|'), fallback, setting.description];
  });
  const cells = [['name', 'type', 'default', 'meaning'], ...rows];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |\n`;
  return line(cells[0]!) + rule + cells.slice(1).map(line).join('');
}
