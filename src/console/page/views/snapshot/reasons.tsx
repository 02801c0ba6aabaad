import type { Why } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { Await } from '../../parts/states.tsx';
import { Foreign } from '../../parts/text.tsx';
import { RestoreButton } from './restore.tsx';

/** Why it exists or no longer does, in the words of `snapledger why`. */
export function Reasons({ id, occasion }: { readonly id: string; readonly occasion: number }) {
  const why = useAnswer<Why>('why', { key: id }, occasion);
  return (
    <section class="why" aria-label="Why">
      <Await of={why} what="Looking for the reasons">
        {({ now, diffId, story }) => (
          <>
            <p>
              <span class={`tag ${now}`}>{now}</span> {diffId !== null && <Foreign text={diffId} />}{' '}
              {now === 'retained' && <RestoreButton id={id} />}
            </p>
            <ol>
              {story.map((line) => (
                <li key={line}>
                  <Foreign text={line} />
                </li>
              ))}
            </ol>
          </>
        )}
      </Await>
    </section>
  );
}
