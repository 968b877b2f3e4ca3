import { useState } from 'react';
import { Combobox } from './combobox.tsx';
import { matchingFields, withWord, wordAt } from './completion.ts';
import { useFields, useFieldValues } from './use-completion.ts';

/** A condition of docs/query.md, whose fields and values are completed. */
export function ConditionField({
  inputId,
  className,
  condition,
  onCommit,
}: {
  readonly inputId: string;
  readonly className: string;
  readonly condition: string;
  /** Called with another condition than the one before. */
  readonly onCommit: (condition: string) => void;
}): React.ReactNode {
  const [text, setText] = useState(condition);
  const [caret, setCaret] = useState<number>();
  const word = wordAt(text, caret ?? text.length);
  const fields = useFields();
  const values = useFieldValues(caret === undefined ? undefined : word.field, word.text);
  const options = word.field === undefined ? matchingFields(fields, word.text.replace(/^\(+/, '')) : values;
  return (
    <Combobox
      inputId={inputId}
      label="Condition"
      placeholder="Condition: client.pod = 'cart-1' and label(team) = buyers   (/)"
      className={className}
      value={text}
      options={caret === undefined ? [] : options}
      onType={(typed, at) => {
        setText(typed);
        setCaret(at);
      }}
      onChoose={(option) => {
        const next = withWord(text, word, option);
        setText(next);
        setCaret(next.length);
      }}
      onCommit={() => {
        if (text.trim() !== condition) onCommit(text.trim());
      }}
    />
  );
}
