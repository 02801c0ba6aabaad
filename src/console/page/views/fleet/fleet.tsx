import { useState } from 'preact/hooks';
import type { FleetNode } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { Await, Empty } from '../../parts/states.tsx';
import { Holders } from './holders.tsx';
import { FleetIncidents } from './incidents.tsx';
import { Nodes } from './nodes.tsx';

/** All nodes of a fleet, by its database: how they are, who holds a layer, what went wrong. */
export function Fleet() {
  const { session } = usePage();
  if (session.fleet) return <Questions />;
  return (
    <Empty>
      <p>
        No database of a fleet is set on this machine. Set <code>database</code> in{' '}
        <code>/etc/snapledger/fleet.toml</code> and start the console again.
      </p>
    </Empty>
  );
}

function Questions() {
  const { values } = usePage().address;
  const [round, setRound] = useState(0);
  const nodes = useAnswer<readonly FleetNode[]>('fleet/nodes', {}, round);
  return (
    <>
      <Form ask={() => setRound((one) => one + 1)} />
      <Holders layer={values.layer} image={values.image} round={round} />
      <Await of={nodes} what="Asking the database of the fleet">
        {(found) => {
          const chosen = chosenBy(found, values.node ?? '');
          return (
            <>
              <Nodes all={found.length} chosen={chosen} />
              <FleetIncidents of={values.node === undefined ? undefined : chosen} round={round} />
            </>
          );
        }}
      </Await>
    </>
  );
}

const chosenBy = (nodes: readonly FleetNode[], text: string): readonly FleetNode[] =>
  nodes.filter(({ node, store }) => node.includes(text) || store.startsWith(text));

const fields = [
  ['layer', 'Layer', 'digest, key or container'],
  ['image', 'Image', 'docker.io/library/debian:12'],
  ['node', 'Node', 'part of its name'],
] as const;

/** What is asked is in the address; a layer and an image are two questions. */
function Form({ ask }: { readonly ask: () => void }) {
  const { values } = usePage().address;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const layer = text('layer');
    location.hash = hashOf('fleet', { layer, image: layer === '' ? text('image') : '', node: text('node') });
    ask();
  };
  return (
    <form class="filters" onSubmit={submit} aria-label="Questions">
      {fields.map(([name, label, placeholder], at) => (
        <label key={name}>
          {label}
          <input
            name={name}
            class="wide"
            type="text"
            defaultValue={values[name] ?? ''}
            key={values[name] ?? ''}
            placeholder={placeholder}
            {...(at === 0 ? { 'data-key': '/' } : {})}
          />
        </label>
      ))}
      <button type="submit" class="primary">
        Ask
      </button>
      {Object.keys(values).length > 0 && <a href={hashOf('fleet')}>Show all</a>}
    </form>
  );
}
