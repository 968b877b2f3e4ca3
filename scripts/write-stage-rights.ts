import { readFileSync, writeFileSync } from 'node:fs';
import { projectFile } from '../core/project-files.ts';
import { withStageRights } from '../deploy/kafka/stage-rights.ts';

const path = projectFile('deploy', 'kafka', 'acls.sh');
writeFileSync(path, withStageRights(readFileSync(path, 'utf8')));
