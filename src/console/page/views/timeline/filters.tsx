import { changeAddress } from '../../address-bar.ts';
import { usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { eventTypes, groupOf, groups } from '../../model/kinds.ts';

const fields = [
  ['key', 'Key, id or container', 'any'],
  ['namespace', 'Namespace', 'any'],
  ['actor', 'Actor', 'any'],
  ['since', 'Since', '2h ago'],
  ['until', 'Until', 'now'],
] as const;

/** Which events are shown. It is all in the address. */
export function Filters() {
  const { address } = usePage();
  const { values } = address;
  const set = (name: string, value: string) => {
    changeAddress('timeline', { [name]: value.trim() });
  };
  const filtered = Object.keys(values).length > 0;
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()} aria-label="Filters">
      <label>
        Events
        <select value={values.type ?? ''} onChange={({ currentTarget }) => set('type', currentTarget.value)}>
          <option value="">all</option>
          <optgroup label="Groups">
            {groups.map((group) => (
              <option key={group} value={eventTypes.filter((type) => groupOf(type) === group).join(',')}>
                {group}
              </option>
            ))}
          </optgroup>
          <optgroup label="Types">
            {eventTypes.map((type) => (
              <option key={type} value={type}>
                {type}
              </option>
            ))}
          </optgroup>
        </select>
      </label>
      {fields.map(([name, label, placeholder], at) => (
        <label key={name}>
          {label}
          <input
            type="text"
            value={values[name] ?? ''}
            placeholder={placeholder}
            onChange={({ currentTarget }) => set(name, currentTarget.value)}
            {...(at === 0 ? { 'data-key': '/' } : {})}
          />
        </label>
      ))}
      {filtered && <a href={hashOf('timeline')}>Show all</a>}
    </form>
  );
}
