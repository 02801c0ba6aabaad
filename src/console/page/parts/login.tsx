import { useState } from 'preact/hooks';
import { answerTo, Problem } from '../api/ask.ts';
import { problemIn } from '../api/use-answer.ts';
import { Failed } from './states.tsx';

/** Exchanges a token for the cookie that the API asks for. */
export function Login({ done }: { readonly done: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim();
    answerTo('login', { method: 'POST', headers: { authorization: `Bearer ${token}` } }).then(
      done,
      (error: unknown) => {
        const { status, hint } = problemIn(error);
        setProblem(
          status === 401
            ? new Problem(status, 'the token is not the right one, or it was used already', hint)
            : problemIn(error),
        );
      },
    );
  };
  return (
    <main class="login">
      <h1>snapledger</h1>
      <p>
        Open the address that <code>snapledger console</code> printed: it has a token for one use. Or enter the token.
        The daemon's own console takes the token of <code>http.token_file</code>.
      </p>
      <form class="filters" onSubmit={submit}>
        <label>
          Token
          <input name="token" type="password" autocomplete="off" required />
        </label>
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
      {problem !== undefined && <Failed problem={problem} />}
    </main>
  );
}
