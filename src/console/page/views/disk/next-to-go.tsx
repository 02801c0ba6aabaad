import type { Retained } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { useNewestPosition } from '../../context.ts';
import { bytesText, counted, millisecondsOf } from '../../model/units.ts';
import { Scroll } from '../../parts/scroll.tsx';
import { Await } from '../../parts/states.tsx';
import { Bytes, Key, Time } from '../../parts/text.tsx';

const shown = 50;
const bytesOf = ({ usage }: Retained) => (usage === null ? null : Number(usage.bytes));

/** Retained layers in the order in which retention ends: oldest removal first. */
export function NextToGo() {
  const retained = useAnswer<readonly Retained[]>('retained', {}, useNewestPosition());
  return (
    <section aria-labelledby="next">
      <h2 id="next">Retained, next to go first</h2>
      <Await of={retained} what="Reading retained layers">
        {(found) => (found.length === 0 ? <p class="summary">No layer is retained.</p> : <Rows rows={found} />)}
      </Await>
    </section>
  );
}

function Rows({ rows }: { readonly rows: readonly Retained[] }) {
  const total = rows.reduce((sum, row) => sum + (bytesOf(row) ?? 0), 0);
  return (
    <>
      <p class="summary">
        {counted(rows.length, 'layer')}, {bytesText(total)}
        {rows.length > shown && `; the first ${shown}`}
      </p>
      <Scroll of="layers that go next">
        <table>
          <thead>
            <tr>
              <th>Removed</th>
              <th class="number">Size</th>
              <th>Layer</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map((row) => (
              <tr key={row.id}>
                <td>
                  <Time at={millisecondsOf(row.removed)} />
                </td>
                <td class="number">
                  <Bytes of={bytesOf(row)} />
                </td>
                <td>
                  <Key name={row.id} text={row.key} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </>
  );
}
