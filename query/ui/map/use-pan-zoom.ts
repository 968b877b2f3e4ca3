import { useCallback, useEffect, useRef, useState } from 'react';
import type { Box } from './layout-map.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where the picture is: `scale` pixels for one of its own, and where its corner is. */
interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const scales = { least: 0.02, readable: 0.6, greatest: 3 } as const;

/** Moves a picture by dragging, and zooms it around the pointer by the wheel; at first, as much of it is in sight as can be read. */
export function usePanZoom(
  element: HTMLElement | null,
  picture: Size,
  size: Size,
): {
  readonly transform: string;
  readonly zoom: (factor: number) => void;
  readonly fit: () => void;
  /** Moves the picture, if need be, so that this part of it is in sight. */
  readonly show: (part: Box) => void;
  readonly handlers: React.SVGAttributes<SVGSVGElement>;
} {
  const [moved, setMoved] = useState<View | undefined>(undefined);
  const view = moved ?? readable(picture, size);
  const drag = useRef<{ readonly x: number; readonly y: number; readonly from: View } | undefined>(undefined);
  const zoomAt = useCallback(
    (factor: number, x: number, y: number) =>
      setMoved((before) => zoomed(before ?? readable(picture, size), factor, x, y)),
    [picture, size],
  );
  // React listens to wheels passively, which could not keep the page still.
  useEffect(() => {
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      const box = element!.getBoundingClientRect();
      zoomAt(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
    };
    element?.addEventListener('wheel', onWheel, { passive: false });
    return () => element?.removeEventListener('wheel', onWheel);
  }, [element, zoomAt]);
  return {
    transform: `translate(${view.x} ${view.y}) scale(${view.scale})`,
    zoom: (factor) => zoomAt(factor, size.width / 2, size.height / 2),
    fit: () => setMoved(fitting(picture, size)),
    show: (part) => setMoved((before) => showing(before ?? readable(picture, size), part, size)),
    handlers: {
      onPointerDown(event) {
        if (event.button !== 0 || (event.target as Element).closest('.map-node, .map-edge') !== null) return;
        drag.current = { x: event.clientX, y: event.clientY, from: view };
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove(event) {
        const { current } = drag;
        if (current === undefined) return;
        const { from } = current;
        setMoved({ ...from, x: from.x + event.clientX - current.x, y: from.y + event.clientY - current.y });
      },
      onPointerUp: () => (drag.current = undefined),
      onPointerCancel: () => (drag.current = undefined),
    },
  };
}

function fitting(picture: Size, size: Size): View {
  if (picture.width === 0 || picture.height === 0 || size.width === 0) return { scale: 1, x: 0, y: 0 };
  const scale = Math.max(scales.least, Math.min(1.15, size.width / picture.width, size.height / picture.height));
  return { scale, x: (size.width - picture.width * scale) / 2, y: (size.height - picture.height * scale) / 2 };
}

/** All of it; or its left side where texts would be too small. */
function readable(picture: Size, size: Size): View {
  const all = fitting(picture, size);
  if (all.scale >= scales.readable) return all;
  return { scale: scales.readable, x: 0, y: (size.height - picture.height * scales.readable) / 2 };
}

/** The same where the part is in sight already. */
function showing(view: View, part: Box, size: Size): View {
  const moved = (at: number, from: number, length: number, room: number): number => {
    const [begin, end] = [at + from * view.scale, at + (from + length) * view.scale];
    if (begin >= 0 && end <= room) return at;
    return at + room / 2 - (begin + end) / 2;
  };
  const x = moved(view.x, part.x, part.width, size.width);
  const y = moved(view.y, part.y, part.height, size.height);
  return x === view.x && y === view.y ? view : { ...view, x, y };
}

function zoomed({ scale, x, y }: View, factor: number, atX: number, atY: number): View {
  const next = Math.min(scales.greatest, Math.max(scales.least, scale * factor));
  const ratio = next / scale;
  return { scale: next, x: atX - (atX - x) * ratio, y: atY - (atY - y) * ratio };
}
