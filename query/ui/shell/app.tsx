import { Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { ErrorBoundary } from './error-boundary.tsx';
import { Header } from './header.tsx';
import { KeyHelp } from './key-help.tsx';
import { Notice } from './notice.tsx';
import { pages } from './pages.ts';
import { TokenGate } from './token-gate.tsx';

/** The whole page: the header, and below it what the path names. */
export function App(): React.ReactNode {
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <ErrorBoundary>
          <TokenGate>
            <Suspense fallback={<Notice kind="loading">Loading …</Notice>}>
              <Switch>
                {pages.map(({ path, Component }) => (
                  <Route key={path} path={path}>
                    <Component />
                  </Route>
                ))}
                <Route>
                  <h1 className="only-read">Not found</h1>
                  <Notice kind="empty" title="There is no such page">
                    The address may be mistyped. <a href="/">Search for traces</a> instead.
                  </Notice>
                </Route>
              </Switch>
            </Suspense>
          </TokenGate>
        </ErrorBoundary>
      </main>
      <KeyHelp />
    </>
  );
}
