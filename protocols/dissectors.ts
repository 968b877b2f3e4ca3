import type { Dissector } from './dissection/dissector.ts';
import { protocols } from './protocols.ts';

/** The dissectors of all protocols, in the order of {@link protocols}. */
export const dissectors: readonly Dissector[] = protocols.map(({ dissector }) => dissector);
