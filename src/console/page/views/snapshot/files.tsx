import { useState } from 'preact/hooks';
import type { OwnFiles } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { counted, millisecondsOf } from '../../model/units.ts';
import { Await } from '../../parts/states.tsx';
import { Bytes, Foreign, Time } from '../../parts/text.tsx';
import { Virtual } from '../../parts/virtual.tsx';

/** The entries of the snapshot's own layer; read when it is opened, since a layer can have many. */
export function Files({ id }: { readonly id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Own files: names, sizes and modes</summary>
      {open && <List id={id} />}
    </details>
  );
}

function List({ id }: { readonly id: string }) {
  const files = useAnswer<OwnFiles>('files', { key: id });
  return (
    <Await of={files} what="Reading the layer">
      {({ entries: found, truncated }) => (
        <>
          <p class="summary">
            {counted(found.length, 'entry', 'entries')}
            {truncated && '; the layer has more'}
          </p>
          {found.length > 0 && (
            <Virtual
              label={`Files of layer ${id}`}
              role="grid"
              fits
              class="files"
              columns={['Mode', 'Owner', 'Size', 'Modified', 'Type', 'Path']}
              numbers={['Mode', 'Owner', 'Size']}
              count={found.length}
              line={(at) => {
                const { path, type, bytes, mode, uid, gid, modified, target } = found[
                  at
                ] as OwnFiles['entries'][number];
                return {
                  id: path,
                  cells: [
                    mode.toString(8).padStart(4, '0'),
                    `${uid}:${gid}`,
                    <Bytes of={Number(bytes)} />,
                    <Time at={millisecondsOf(modified)} />,
                    type,
                    <Foreign text={target === null ? path : `${path} → ${target}`} />,
                  ],
                };
              }}
            />
          )}
        </>
      )}
    </Await>
  );
}
