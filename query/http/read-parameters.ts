import type { z } from 'zod';
import type { RouteDefinition, RouteRequest } from './define-route.ts';
import { isRepeated } from './parameter-types.ts';

/** Parameters as values, or everything that is wrong with them, each with its name. */
export type ReadParameters<Definition extends RouteDefinition> =
  | { readonly kind: 'request'; readonly request: RouteRequest<Definition> }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/**
 * Reads the parameters of a request by the definition of its route. An empty parameter of a query string is as good as
 * none; one that is given twice is refused unless it may be repeated. Never throws.
 */
export function readParameters<Definition extends RouteDefinition>(
  definition: Definition,
  path: Readonly<Record<string, string>>,
  given: URLSearchParams,
): ReadParameters<Definition> {
  const problems: string[] = [];
  const texts = queryTexts(definition.query, given, problems);
  const pathValues = definition.pathParameters.safeParse(path);
  const queryValues = definition.query.safeParse(texts);
  for (const { error } of [pathValues, queryValues])
    for (const issue of error?.issues ?? []) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  if (problems.length > 0) return { kind: 'problems', problems };
  const request = { path: pathValues.data, query: queryValues.data } as RouteRequest<Definition>;
  return { kind: 'request', request };
}

/** What was given of the parameters that there are. */
function queryTexts(
  query: z.ZodObject,
  given: URLSearchParams,
  problems: string[],
): Readonly<Record<string, string | readonly string[]>> {
  const names = Object.keys(query.shape);
  const isStrict = query.def.catchall?._zod.def.type === 'never';
  const texts: Record<string, string | readonly string[]> = {};
  for (const name of new Set(given.keys())) {
    if (!names.includes(name)) {
      const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
      if (isStrict) problems.push(`${name}: unknown parameter; ${known}`);
      continue;
    }
    const values = given.getAll(name).filter((value, _, all) => value !== '' || all.length > 1);
    if (isRepeated(query.shape[name])) texts[name] = values;
    else if (values.length > 1) problems.push(`${name}: given ${values.length} times`);
    else if (values.length === 1) texts[name] = values[0]!;
  }
  return texts;
}
