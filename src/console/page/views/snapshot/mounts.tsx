import type { Mounts as MountsAnswer } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { lowerDirectories } from '../../model/lower-directories.ts';
import { Await } from '../../parts/states.tsx';
import { Foreign } from '../../parts/text.tsx';

interface MountsProps {
  readonly id: string;
  /** asked again when it changes */
  readonly occasion: number;
}

/** What containerd gets to mount the snapshot with; of a layer, what a new view of it would get. */
export function Mounts({ id, occasion }: MountsProps) {
  const mounts = useAnswer<MountsAnswer>('mounts', { key: id }, occasion);
  return (
    <section aria-labelledby={`mounts-${id}`}>
      <h3 id={`mounts-${id}`}>Mounts</h3>
      <Await of={mounts} what="Computing the mounts">
        {({ call, mounts: found, unknown }) => (
          <>
            {call === 'View' && (
              <p class="summary">A layer is not mounted itself: these are those of a new view of it.</p>
            )}
            {found.map((mount) => (
              <Mount key={mount.target} mount={mount} />
            ))}
            {unknown.map((text) => (
              <p key={text} class="summary">
                <Foreign text={text} whole />
              </p>
            ))}
          </>
        )}
      </Await>
    </section>
  );
}

const Mount = ({ mount: { type, source, options } }: { readonly mount: MountsAnswer['mounts'][number] }) => (
  <dl class="facts">
    <dt>Type</dt>
    <dd>
      <Foreign text={type} whole />
    </dd>
    <dt>Source</dt>
    <dd>
      <Foreign text={source} whole />
    </dd>
    {options.map((option) => {
      const [name = '', value] = option.split(/=(.*)/s);
      return (
        <>
          <dt>
            <Foreign text={name} whole />
          </dt>
          <dd>{value === undefined ? 'set' : <Value name={name} value={value} />}</dd>
        </>
      );
    })}
  </dl>
);

/** The directories of lower layers are one below the other, as the file system stacks them. */
const Value = ({ name, value }: { readonly name: string; readonly value: string }) =>
  name === 'lowerdir' ? (
    <ol class="relatives">
      {lowerDirectories(value).map((path) => (
        <li key={path}>
          <Foreign text={path} whole />
        </li>
      ))}
    </ol>
  ) : (
    <Foreign text={value} whole />
  );
