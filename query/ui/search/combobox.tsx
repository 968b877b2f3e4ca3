import { useId, useState } from 'react';

interface ComboboxProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly className?: string;
  readonly inputId?: string;
  /** What may be meant, for the text up to the caret. */
  readonly options: readonly string[];
  /** Called with what is typed, and where the caret is. */
  readonly onType: (text: string, caret: number) => void;
  /** An option was chosen. */
  readonly onChoose: (option: string) => void;
  /** What is typed is meant: Enter, or the field is left. */
  readonly onCommit: () => void;
}

/** A field with a list of what may be meant, as WAI-ARIA describes a combobox. */
export function Combobox(props: ComboboxProps): React.ReactNode {
  const { label, value, options, onType } = props;
  const listId = useId();
  const { isShown, at, choose, onKeyDown, open, leave } = useList(props);
  return (
    <span className={`combobox ${props.className ?? ''}`}>
      <input
        id={props.inputId}
        type="text"
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-expanded={isShown}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={isShown && at >= 0 ? `${listId}-${at}` : undefined}
        placeholder={props.placeholder}
        value={value}
        onFocus={(event) => onType(value, event.target.selectionStart ?? value.length)}
        onChange={(event) => {
          onType(event.target.value, event.target.selectionStart ?? event.target.value.length);
          open();
        }}
        onKeyDown={onKeyDown}
        onClick={open}
        onBlur={leave}
      />
      <ul id={listId} role="listbox" aria-label={label} hidden={!isShown}>
        {options.map((option, index) => (
          <li
            key={option}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            // Before the field is left, which closes the list.
            onPointerDown={(event) => {
              event.preventDefault();
              choose(option);
            }}
          >
            {option}
          </li>
        ))}
      </ul>
    </span>
  );
}

interface List {
  readonly isShown: boolean;
  /** The option that Enter would choose; -1 for none. */
  readonly at: number;
  readonly choose: (option: string) => void;
  readonly onKeyDown: (event: React.KeyboardEvent) => void;
  readonly open: () => void;
  readonly leave: () => void;
}

/** When the list is shown, and what keys do in it. */
function useList({ options, onChoose, onCommit }: ComboboxProps): List {
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const isShown = isOpen && options.length > 0;
  const at = Math.min(active, options.length - 1);
  const choose = (option: string): void => {
    onChoose(option);
    setActive(-1);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      setActive(event.key === 'ArrowDown' ? Math.min(at + 1, options.length - 1) : Math.max(at - 1, -1));
    } else if ((event.key === 'Enter' || event.key === 'Tab') && isShown && at >= 0) {
      event.preventDefault();
      choose(options[at]!);
    } else if (event.key === 'Enter') {
      setOpen(false);
      onCommit();
    } else if (event.key === 'Escape' && isShown) {
      event.preventDefault();
      setOpen(false);
    }
  };
  const open = (): void => {
    setOpen(true);
    setActive(-1);
  };
  const leave = (): void => {
    setOpen(false);
    onCommit();
  };
  return { isShown, at, choose, onKeyDown, open, leave };
}
