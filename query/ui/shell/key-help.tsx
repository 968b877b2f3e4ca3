import { useRef } from 'react';
import { type KeyBinding, useBoundKeys, useKeys } from './keys.ts';

const dialogId = 'key-help';

/** Shows the list of keys. */
export function openKeyHelp(): void {
  const dialog = document.getElementById(dialogId);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** The list of the keys that are bound now; `?` opens it. */
export function KeyHelp(): React.ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useKeys('Everywhere', [{ keys: '?', label: 'Show this list', run: openKeyHelp }]);
  const groups = Map.groupBy(useBoundKeys(), ({ title }) => title);
  return (
    <dialog id={dialogId} ref={dialog} className="key-help" aria-labelledby="key-help-title">
      <h2 id="key-help-title">Keys</h2>
      {[...groups].map(([title, members]) => (
        <section key={title}>
          <h3>{title}</h3>
          <KeyList bindings={members.flatMap(({ bindings }) => bindings)} />
        </section>
      ))}
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

/** Those with the same label in one line. */
function KeyList({ bindings }: { readonly bindings: readonly KeyBinding[] }): React.ReactNode {
  return (
    <dl>
      {[...Map.groupBy(bindings, ({ label }) => label)].map(([label, same]) => (
        <div key={label}>
          <dt>
            {same.map(({ keys }) => (
              <kbd key={keys}>{keys === 'Escape' ? 'Esc' : keys}</kbd>
            ))}
          </dt>
          <dd>{label}</dd>
        </div>
      ))}
    </dl>
  );
}
