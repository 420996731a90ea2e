import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  readonly isWrong: boolean;
  readonly onToken: (value: string) => void;
}

/** Where control wants a token (`configService.token`). */
export function TokenForm({ isWrong, onToken }: Props) {
  const [value, setValue] = useState('');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  return (
    <form
      class="card token"
      onSubmit={event => {
        event.preventDefault();
        if (value.trim() !== '') onToken(value.trim());
      }}
    >
      <h2>A token is needed</h2>
      <p>
        Control was configured with one. It is kept in this tab until you close it, and sent to
        control only.
      </p>
      <label for="token">Token</label>
      <input
        id="token"
        ref={field}
        type="password"
        autocomplete="off"
        required
        value={value}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? 'token-wrong' : undefined}
        onInput={({ currentTarget }) => setValue(currentTarget.value)}
      />
      {isWrong && (
        <p id="token-wrong" class="error" role="alert">
          Control does not accept this token.
        </p>
      )}
      <button type="submit" class="primary">
        Show the dashboard
      </button>
    </form>
  );
}
