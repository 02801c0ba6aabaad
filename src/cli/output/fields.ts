/** Names and values under each other, the values aligned; a value of more than one line goes on below itself. */
export function fieldLines(fields: readonly (readonly [name: string, value: string | readonly string[]])[]): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((line, at) =>
      `${(at === 0 ? name : '').padEnd(width)}  ${line}`.trimEnd(),
    ),
  );
}
