/** Keys that do something, as long as what they belong to is shown. One listener serves them all. */
import { useEffect, useRef, useSyncExternalStore } from 'react';

/** One shortcut. */
export interface KeyBinding {
  /** As `event.key` names it: `/`, `j`, `Enter`, `Escape`; two in a row with a space between: `g s`. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Also while a person types into a field. */
  readonly inFields?: boolean;
}

/** What a part of the page binds. */
interface KeyGroup {
  readonly title: string;
  bindings: readonly KeyBinding[];
}

/** How long after the first key of two the second one may follow. */
const pairTimeoutMs = 1_500;

let groups: readonly KeyGroup[] = [];
const listeners = new Set<() => void>();
let first = { key: '', atMs: 0 };

function change(to: readonly KeyGroup[]): void {
  groups = to;
  for (const listener of listeners) listener();
}

/** Binds keys while the component is shown. */
export function useKeys(title: string, bindings: readonly KeyBinding[]): void {
  const group = useRef<KeyGroup>({ title, bindings });
  useEffect(() => {
    group.current.bindings = bindings;
  });
  useEffect(() => {
    const own = group.current;
    if (groups.length === 0) addEventListener('keydown', handle);
    change([...groups, own]);
    return () => {
      change(groups.filter((each) => each !== own));
      if (groups.length === 0) removeEventListener('keydown', handle);
    };
  }, []);
}

/** What is bound now, for the list of keys. */
export function useBoundKeys(): readonly { readonly title: string; readonly bindings: readonly KeyBinding[] }[] {
  return useSyncExternalStore(subscribe, () => groups);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/** Whether the element does something of its own with Enter or the space bar. */
function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, summary, dialog, [role="option"]') !== null;
}

function handle(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const pair = event.timeStamp - first.atMs < pairTimeoutMs ? `${first.key} ${event.key}` : event.key;
  const all = groups.flatMap(({ bindings }) => bindings);
  // What was shown last is on top.
  const found = all.findLast(({ keys }) => keys === pair) ?? all.findLast(({ keys }) => keys === event.key);
  const isBegun = all.some(({ keys }) => keys.startsWith(`${event.key} `));
  first = isBegun && !isField(event.target) ? { key: event.key, atMs: event.timeStamp } : { key: '', atMs: 0 };
  if (found === undefined) return;
  if (isField(event.target) && found.inFields !== true) return;
  if ((event.key === 'Enter' || event.key === ' ') && isControl(event.target)) return;
  event.preventDefault();
  found.run();
}
