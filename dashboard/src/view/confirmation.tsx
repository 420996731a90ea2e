import { useEffect, useId, useRef } from 'preact/hooks';
import type { Question } from '../pure/possible.js';

interface Props {
  readonly question: Question;
  readonly isBusy: boolean;
  /** What control answered, where it refused. */
  readonly error: string | undefined;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

/**
 * Says what will happen, and does nothing before somebody agrees. A dialog that opens gives the focus to its first
 * button: so that is the safe one.
 */
export function Confirmation({ question, isBusy, error, onConfirm, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [title, says] = [useId(), useId()];

  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      class="confirmation"
      aria-labelledby={title}
      aria-describedby={says}
      onCancel={event => {
        event.preventDefault();
        if (!isBusy) onCancel();
      }}
    >
      <h2 id={title}>{question.title}</h2>
      <div id={says}>
        {question.says.map(sentence => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      {error !== undefined && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="answers">
        <button type="button" onClick={onCancel} disabled={isBusy}>
          Cancel
        </button>
        <button
          type="button"
          class={question.isFinal ? 'final' : 'primary'}
          onClick={onConfirm}
          disabled={isBusy}
        >
          {question.confirm}
        </button>
      </div>
    </dialog>
  );
}
