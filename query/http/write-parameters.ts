import { z } from 'zod';
import type { RouteDefinition, RouteRequest } from './define-route.ts';

/** The path with its query string, or everything that is wrong with the values. */
export type WrittenParameters =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

/** Writes what read-parameters.ts reads as this request. */
export function writeParameters<Definition extends RouteDefinition>(
  definition: Definition,
  request: RouteRequest<Definition>,
): WrittenParameters {
  const inPath = z.safeEncode(definition.pathParameters, request.path);
  const inQuery = z.safeEncode(definition.query, request.query);
  const problems = [inPath, inQuery].flatMap(({ error }) =>
    (error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  );
  if (problems.length > 0) return { kind: 'problems', problems };
  const texts = inPath.data as Readonly<Record<string, string>>;
  const path = definition.path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(texts[name]!));
  const search = searchOf(inQuery.data as Readonly<Record<string, string | readonly string[] | undefined>>);
  return { kind: 'path', path: search === '' ? path : `${path}?${search}` };
}

function searchOf(texts: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, text] of Object.entries(texts))
    for (const value of typeof text === 'string' ? [text] : (text ?? [])) search.append(name, value);
  return search.toString();
}
