import { useState } from 'react';
import { Link, useLocation, useRoute } from 'wouter';
import { useKeys } from './keys.ts';
import { openKeyHelp } from './key-help.tsx';
import { type Page, pages } from './pages.ts';
import { ThemeSwitch } from './theme-switch.tsx';

/** Name, navigation, the way to a trace by its id, and what concerns the page itself. */
export function Header(): React.ReactNode {
  const [, navigate] = useLocation();
  useKeys(
    'Everywhere',
    pages.flatMap(({ path, title, key }) =>
      title === undefined || key === undefined
        ? []
        : [{ keys: `g ${key}`, label: `Go to ${title}`, run: () => navigate(path) }],
    ),
  );
  return (
    <header className="header">
      <Link href="/" className="brand">
        spanloom
      </Link>
      <nav aria-label="Pages">
        {pages.map((page) => (page.title === undefined ? undefined : <PageLink key={page.path} page={page} />))}
      </nav>
      <OpenTrace />
      <ThemeSwitch />
      <button
        type="button"
        className="quiet"
        onClick={openKeyHelp}
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
      >
        ?
      </button>
    </header>
  );
}

function PageLink({ page }: { readonly page: Page }): React.ReactNode {
  const [isHere] = useRoute(page.path);
  return (
    <Link href={page.path} aria-current={isHere ? 'page' : undefined}>
      {page.title}
    </Link>
  );
}

function OpenTrace(): React.ReactNode {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const id = text.trim().toLowerCase();
  const isWrong = id !== '' && !/^[0-9a-f]{1,32}$/.test(id);
  return (
    <form
      className="open-trace"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (id === '' || isWrong) return;
        setText('');
        navigate(`/trace/${id}`);
      }}
    >
      <input
        type="text"
        value={text}
        spellCheck={false}
        autoComplete="off"
        placeholder="Trace id, or its first digits"
        aria-label="Open a trace by its id"
        aria-invalid={isWrong}
        title={isWrong ? 'An id has 1 to 32 hexadecimal digits' : undefined}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}
