import { lazy } from 'react';

/** One page of the shell. */
export interface Page {
  /** Pattern of its path, as wouter reads it. */
  readonly path: string;
  /** How the navigation calls it; pages without a title are reached from others. */
  readonly title?: string;
  /** Pressed after `g`, it leads there. */
  readonly key?: string;
  readonly Component: React.LazyExoticComponent<() => React.ReactNode>;
}

/** All of them, in the order of the navigation. A page gets its own file of script, loaded when it is opened. */
export const pages: readonly Page[] = [
  {
    path: '/',
    title: 'Search',
    key: 's',
    Component: lazy(async () => ({ default: (await import('../search/search-page.tsx')).SearchPage })),
  },
  {
    path: '/trace/:id',
    Component: lazy(async () => ({ default: (await import('../trace/trace-page.tsx')).TracePage })),
  },
  {
    path: '/compare/:left?/:right?',
    Component: lazy(async () => ({ default: (await import('../compare/compare-page.tsx')).ComparePage })),
  },
  {
    path: '/map',
    title: 'Map',
    key: 'm',
    Component: lazy(async () => ({ default: (await import('../map/map-page.tsx')).MapPage })),
  },
  {
    path: '/calls',
    title: 'Calls',
    key: 'c',
    Component: lazy(async () => ({ default: (await import('../calls/calls-page.tsx')).CallsPage })),
  },
  {
    path: '/state',
    title: 'State',
    key: 't',
    Component: lazy(async () => ({ default: (await import('../state/state-page.tsx')).StatePage })),
  },
];
