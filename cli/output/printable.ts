/**
 * Text from the wire made safe for a terminal: control and formatting characters become '·', so that what somebody put
 * into a path or a statement cannot move the cursor or hide itself.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '·');
}

/** Cuts text to a width, marking the cut; pads it to that width on the chosen side. */
export function fitted(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const characters = Array.from(text);
  const cut = characters.length <= width ? text : width <= 0 ? '' : `${characters.slice(0, width - 1).join('')}…`;
  const padding = ' '.repeat(Math.max(0, width - Math.min(characters.length, width)));
  return align === 'left' ? cut + padding : padding + cut;
}

/** Leaves out the middle of a text that is longer than it may be. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = Math.floor((maxLength - 1) / 2);
  return `${text.slice(0, kept)}…${text.slice(-kept)}`;
}
