import type { Sections } from './load-config.ts';

type Intersection<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** Something that declares settings, by the names under which it gets their values. */
interface Declares {
  readonly settings: Sections;
}

/** The settings of several that declare some, in one. Two that share a section get the same values. */
export function mergedSections<const All extends readonly Declares[]>(
  definitions: All,
): Intersection<All[number]['settings']> {
  return Object.assign({}, ...definitions.map(({ settings }) => settings)) as Intersection<All[number]['settings']>;
}
