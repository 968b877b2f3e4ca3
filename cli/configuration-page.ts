import { describeSection, type ConfigSection } from '../core/config/section.ts';
import { markdownTable } from './markdown-table.ts';
import { sections } from './settings.ts';

const introduction = `# Configuration

<!-- Written by scripts/write-configuration.ts from the stages' settings. Do not edit. -->

For everyone who runs spanloom. This page lists every setting with its type, default and meaning.

\`\`\`sh
export SPANLOOM_DATA_DIR=/var/lib/spanloom SPANLOOM_BUS_RETENTION=48h
npx spanloom config   # prints the settings in effect, without secrets
\`\`\`

Settings are environment variables. A name that starts with \`SPANLOOM_\` and is not listed here is an error. All errors
are reported together, with exit code 2.

A size is in bytes or has a unit (\`64KiB\`, \`1.5GB\`). A duration is in milliseconds or has a unit (\`250ms\`, \`5s\`, \`1h\`).
A list is separated by commas.
`;

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  const all = Object.values<ConfigSection>(sections);
  const chapters = all.map((section) => `\n## ${section.title}\n\n${settingsTable(section)}`);
  return `${introduction}${chapters.join('')}\n${formerNamesChapter(all)}`;
}

function formerNamesChapter(all: readonly ConfigSection[]): string {
  const rows = all
    .flatMap(describeSection)
    .flatMap(({ formerName, environmentName }) =>
      formerName === undefined ? [] : [[`\`${formerName}\``, `\`${environmentName}\``]],
    );
  return `## Former names

A former name is accepted with a warning on standard error. It is an error to set both.

${markdownTable(['former name', 'name'], rows)}`;
}

function settingsTable(section: ConfigSection): string {
  const rows = describeSection(section).map((setting) => {
    const fallback = setting.default === undefined ? (setting.required ? 'required' : '') : `\`${setting.default}\``;
    return [`\`${setting.environmentName}\``, setting.type.replaceAll('|', '\\|'), fallback, setting.description];
  });
  return markdownTable(['name', 'type', 'default', 'meaning'], rows);
}
