import type { OutlinePageJson, TraceOutlineJson } from './trace-outline-json.ts';

/** The JSON of an outline, made while it is written: each page on a line of its own, so that a reader can tell where it ends. */
export async function* outlineText(
  head: Omit<TraceOutlineJson, 'pages' | 'left_out'>,
  first: IteratorResult<OutlinePageJson, { readonly leftOut: number }>,
  next: () => Promise<IteratorResult<OutlinePageJson, { readonly leftOut: number }>>,
): AsyncGenerator<string> {
  let before = `${JSON.stringify(head).slice(0, -1)},"pages":[\n`;
  let page = first;
  for (; page.done !== true; page = await next()) {
    yield before + JSON.stringify(page.value);
    before = ',\n';
  }
  yield `${before === ',\n' ? '' : before}\n],"left_out":${page.value.leftOut}}`;
}
