import { writeFileSync } from 'node:fs';
import { configurationPage } from '../cli/configuration-page.ts';
import { projectFile } from '../core/project-files.ts';

writeFileSync(projectFile('docs', 'configuration.md'), configurationPage());
