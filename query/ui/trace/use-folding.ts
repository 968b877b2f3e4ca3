import { useCallback, useMemo, useState } from 'react';
import { positionOf } from './model/span-ids.ts';
import type { TraceModel } from './model/trace-model.ts';
import { type Folding, isOpen } from './model/visible-rows.ts';
import type { ChangeUrl, TraceUrl } from './use-trace-url.ts';

/** What is folded, and what changes it. Levels and the focus are in the address; single calls are not. */
export interface FoldingState {
  readonly folding: Folding;
  readonly toggle: (call: number) => void;
  readonly unfold: (call: number) => void;
  readonly setDepth: (depth: number) => void;
}

const none: ReadonlySet<number> = new Set();

/** Keeps what is folded while the trace is shown. */
export function useFolding(model: TraceModel, url: TraceUrl, change: ChangeUrl): FoldingState {
  const [closed, setClosed] = useState(none);
  const [opened, setOpened] = useState(none);
  const [unfolded, setUnfolded] = useState(none);
  const focusAt = url.focus === '' ? -1 : positionOf(model.columns.ids, url.focus);
  const focus = focusAt === -1 ? undefined : model.calls.head[focusAt]!;
  const folding = useMemo(
    () => ({ closed, opened, unfolded, depth: url.depth, focus }),
    [closed, opened, unfolded, url.depth, focus],
  );
  const toggle = useCallback(
    (call: number) => {
      const level = model.calls.level[call]! - (focus === undefined ? 0 : model.calls.level[focus]!);
      const wasOpen = isOpen(folding, call, level);
      setClosed((before) => changed(before, call, wasOpen));
      setOpened((before) => changed(before, call, !wasOpen));
    },
    [model, folding, focus],
  );
  const unfold = useCallback((call: number) => setUnfolded((before) => changed(before, call, !before.has(call))), []);
  const setDepth = useCallback(
    (depth: number) => {
      setClosed(none);
      setOpened(none);
      change({ depth: Number.isFinite(depth) ? String(depth) : '' });
    },
    [change],
  );
  return { folding, toggle, unfold, setDepth };
}

function changed(before: ReadonlySet<number>, item: number, isIn: boolean): ReadonlySet<number> {
  const after = new Set(before);
  if (isIn) after.add(item);
  else after.delete(item);
  return after;
}
