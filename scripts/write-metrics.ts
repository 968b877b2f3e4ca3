import { writeFileSync } from 'node:fs';
import { metricsPage } from '../cli/metrics-page.ts';
import { projectFile } from '../core/project-files.ts';

writeFileSync(projectFile('docs', 'metrics.md'), metricsPage());
