import { changeAddress } from '../../address-bar.ts';
import type { Blame } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { usePage } from '../../context.ts';
import { millisecondsOf } from '../../model/units.ts';
import { Await } from '../../parts/states.tsx';
import { Foreign, Key, Time } from '../../parts/text.tsx';

/** Which layer of a snapshot added or deleted a file. The path is in the address. */
export function BlamePath({ id }: { readonly id: string }) {
  const { path = '' } = usePage().address.values;
  const blame = useAnswer<Blame>(path === '' ? null : 'blame', { key: id, path });
  return (
    <section>
      <h3>Which layer has a file?</h3>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget).get('path');
          changeAddress('snapshot', { path: String(given ?? '') });
        }}
      >
        <label>
          Path from the root of the snapshot
          <input name="path" type="search" value={path} placeholder="/etc/passwd" data-key="/" />
        </label>
        <button type="submit">Find</button>
      </form>
      {path !== '' && (
        <Await of={blame} what="Looking through the layers">
          {(found) => <Found blame={found} />}
        </Await>
      )}
    </section>
  );
}

const Found = ({ blame: { how, layer, before, time, actor } }: { readonly blame: Blame }) => (
  <p role="status">
    Layer {layer.id} <Key name={layer.id} text={layer.key} /> {how}
    {time !== null && (
      <>
        , <Time at={millisecondsOf(time)} />
      </>
    )}
    {actor?.actor !== undefined && (
      <>
        , by <Foreign text={actor.actor} />
      </>
    )}
    {before !== null && (
      <>
        ; layer {before.id} <Key name={before.id} text={before.key} /> had added it
      </>
    )}
    .
  </p>
);
