import { useMemo, useState } from 'preact/hooks';
import { changeAddress } from '../../address-bar.ts';
import type { Change } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { useNewestPosition, usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { changeText, countText } from '../../model/units.ts';
import { Await, Empty } from '../../parts/states.tsx';
import { Foreign, Key } from '../../parts/text.tsx';
import { type Line, Virtual } from '../../parts/virtual.tsx';

const hows = ['appeared', 'vanished', 'changed'] as const;
type How = (typeof hows)[number];
const words: Readonly<Record<How, string>> = { appeared: 'added', vanished: 'removed', changed: 'changed' };

/** What differs between two moments. */
export function Compare() {
  const { address, session } = usePage();
  const newest = useNewestPosition();
  const { from = session.first, to = '' } = address.values;
  const changes = useAnswer<readonly Change[]>('diff', { from, to }, to === '' ? newest : 0);
  const set = (name: string, value: string) => {
    changeAddress('compare', { [name]: value.trim() });
  };
  return (
    <>
      <form class="filters" onSubmit={(event) => event.preventDefault()} aria-label="Moments">
        <label>
          From (position or time)
          <input value={from} data-key="t" onChange={({ currentTarget }) => set('from', currentTarget.value)} />
        </label>
        <label>
          To
          <input value={to} placeholder="now" onChange={({ currentTarget }) => set('to', currentTarget.value)} />
        </label>
        <a href={hashOf('store', { at: from })}>Store at the first</a>
        <a href={hashOf('store', { at: to })}>Store at the second</a>
      </form>
      <Await of={changes} what="Comparing">
        {(found) => <Changes changes={found} />}
      </Await>
    </>
  );
}

function Changes({ changes }: { readonly changes: readonly Change[] }) {
  const [hidden, setHidden] = useState<ReadonlySet<How>>(new Set());
  const shown = useMemo(() => changes.filter(({ how }) => !hidden.has(how)), [changes, hidden]);
  const toggle = (how: How) => {
    const next = new Set(hidden);
    if (!next.delete(how)) next.add(how);
    setHidden(next);
  };
  if (changes.length === 0)
    return (
      <Empty>
        <p>The two moments have the same snapshots. One that came and went between them is in the Timeline.</p>
      </Empty>
    );
  return (
    <>
      <div class="filters">
        {hows.map((how) => (
          <button key={how} type="button" aria-pressed={!hidden.has(how)} onClick={() => toggle(how)}>
            {totalText(changes, how)}
          </button>
        ))}
      </div>
      <Virtual
        label="Changes by id"
        role="grid"
        class="changes"
        columns={['Change', 'Size', 'Id', 'Key', 'What']}
        count={shown.length}
        numbers={['Size', 'Id']}
        line={(at, active) => lineOf(shown[at] as Change, active)}
        onOpen={(at) => {
          location.hash = hashOf('snapshot', { key: shown[at]?.id });
        }}
      />
    </>
  );
}

function totalText(changes: readonly Change[], how: How): string {
  const all = changes.filter((change) => change.how === how);
  return `${countText(all.length)} ${words[how]}, ${changeText(sum(all))}`;
}

/** Differences of bytes are decimal numbers, negative ones too. */
const sum = (changes: readonly Change[]) => changes.reduce((total, { bytes }) => total + Number(bytes), 0);

function lineOf({ how, id, before, after, bytes }: Change, active: boolean): Line {
  const key = after?.key ?? before?.key ?? '';
  return {
    id,
    class: how,
    cells: [
      <span class={`tag ${how}`}>{words[how]}</span>,
      changeText(Number(bytes)),
      id,
      <Key name={id} text={key} tab={active} />,
      <Foreign text={whatOf(before, after)} />,
    ],
  };
}

function whatOf(before: Change['before'], after: Change['after']): string {
  if (before === null || after === null) return (after ?? before)?.kind ?? '';
  const names = new Set([...Object.keys(before.labels), ...Object.keys(after.labels)]);
  const labels = [...names].filter((name) => before.labels[name] !== after.labels[name]);
  return [
    before.key === after.key ? '' : `was ${before.key}`,
    before.kind === after.kind ? '' : `${before.kind} → ${after.kind}`,
    ...labels.map((name) => (after.labels[name] === undefined ? `−${name}` : `${name}=${after.labels[name]}`)),
  ]
    .filter((part) => part !== '')
    .join(' ');
}
