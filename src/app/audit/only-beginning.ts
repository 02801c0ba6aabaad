/** The one item whose key begins with what is shown of it: a table cuts a digest short, with `…` at its end. Undefined where there is none or more than one. */
export function onlyBeginning<T>(items: Iterable<T>, shown: string, keyOf: (item: T) => string): T | undefined {
  const begin = shown.replace(/…$/, '');
  if (begin === '') return undefined;
  const [only, ...others] = [...items].filter((item) => keyOf(item).startsWith(begin));
  return others.length === 0 ? only : undefined;
}
