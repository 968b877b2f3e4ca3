import { PipelineError } from '../errors.ts';
import {
  type ConfigOf,
  type ConfigSection,
  describeSection,
  environmentPrefix,
  type SettingDescription,
  settingNames,
} from './section.ts';

/** An environment, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Sections by the name under which the caller wants their values. */
export type Sections = Readonly<Record<string, ConfigSection>>;

/** Values of all sections, by the same names. */
export type ConfigValues<All extends Sections> = { readonly [Name in keyof All]: Readonly<ConfigOf<All[Name]>> };

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = previous[column - 1]! + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[right.length]!;
}

const mostTypingErrors = 3;

/** The known name with the fewest typing errors; undefined when every one has too many. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = mostTypingErrors + 1;
  for (const candidate of known) {
    const distance = editDistance(candidate, name);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

function unknownNames(
  environment: Environment,
  known: readonly string[],
  former: readonly string[],
): readonly string[] {
  const names = new Set([...known, ...former]);
  return Object.keys(environment)
    .filter((name) => name.startsWith(environmentPrefix) && !names.has(name))
    .map((name) => {
      const near = nearestName(name, known);
      return `${name}: unknown setting${near === undefined ? '' : `; did you mean ${near}?`}`;
    });
}

/** Whether a variable has a value: an empty one counts as not set. */
function isSet(environment: Environment, name: string | undefined): name is string {
  return name !== undefined && (environment[name] ?? '').trim() !== '';
}

/** Settings that have had another name. */
function renamedSettings(sections: Sections): readonly (SettingDescription & { readonly formerName: string })[] {
  return Object.values(sections)
    .flatMap(describeSection)
    .flatMap(({ formerName, ...setting }) => (formerName === undefined ? [] : [{ ...setting, formerName }]));
}

/** A sentence for each setting that the environment gives under its former name. */
export function formerNamesGiven(environment: Environment, sections: Sections): readonly string[] {
  return renamedSettings(sections)
    .filter(({ formerName }) => isSet(environment, formerName))
    .map((setting) => `${setting.formerName}: former name of ${setting.environmentName}; use the new one`);
}

/**
 * Reads settings from the environment. An empty variable counts as not set. A former name counts as the setting.
 *
 * @param sections what to read, by name
 * @param knownNames names that belong to sections not read here; one environment may serve several stages
 * @throws PipelineError CONFIG_INVALID that lists every problem of every section, and every unknown name
 */
export function loadConfig<const All extends Sections>(
  environment: Environment,
  sections: All,
  knownNames: readonly string[] = [],
): ConfigValues<All> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, section] of Object.entries(sections)) {
    const given: Record<string, string> = {};
    const variables: Record<string, string> = {};
    for (const { field, environmentName, formerName } of describeSection(section)) {
      const isFormer = isSet(environment, formerName);
      if (isFormer && isSet(environment, environmentName))
        problems.push(`${formerName}: former name of ${environmentName}, which is set too; set only the new one`);
      const variable = isFormer ? formerName : environmentName;
      variables[field] = variable;
      if (isSet(environment, variable)) given[field] = environment[variable]!;
    }
    const result = section.schema.safeParse(given);
    if (result.success) values[name] = result.data;
    else
      for (const issue of result.error.issues) {
        const subject = variables[String(issue.path[0])] ?? section.name ?? 'settings';
        problems.push(`${subject}: ${issue.message}`);
      }
  }
  const known = [...settingNames(Object.values(sections)), ...knownNames];
  const former = renamedSettings(sections).map(({ formerName }) => formerName);
  problems.push(...unknownNames(environment, known, former));
  if (problems.length > 0)
    throw new PipelineError('CONFIG_INVALID', `The configuration is not usable:\n  ${problems.join('\n  ')}`);
  return values as ConfigValues<All>;
}
