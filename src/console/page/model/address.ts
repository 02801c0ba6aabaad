/** The views of the navigation, in its order; a snapshot is reached from them. */
const navigation = ['timeline', 'store', 'compare', 'disk', 'health', 'fleet'] as const;
const views = [...navigation, 'snapshot'] as const;
export type View = (typeof views)[number];

/** Without the Fleet if the server knows no database of one. */
export const navigationOf = ({ fleet }: { readonly fleet: boolean }): readonly View[] =>
  navigation.filter((view) => fleet || view !== 'fleet');

/** What the page shows. It is kept in the fragment, which no server sees. */
export interface Address {
  readonly view: View;
  readonly values: Readonly<Record<string, string>>;
}

const isView = (name: string): name is View => (views as readonly string[]).includes(name);

/** The address in a fragment; an unknown view is the timeline. */
export function addressIn(hash: string): Address {
  const [, name = '', query = ''] = /^#\/([^?]*)\??(.*)$/s.exec(hash) ?? [];
  if (!isView(name)) return { view: 'timeline', values: {} };
  return { view: name, values: Object.fromEntries(new URLSearchParams(query)) };
}

export type Values = Readonly<Record<string, string | number | undefined>>;

/** Values that are empty are left out. */
export function hashOf(view: View, values: Values = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return `#/${view}${text === '' ? '' : `?${text}`}`;
}
