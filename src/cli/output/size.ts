const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes for people: `512 B`, `1.5 KiB`, `12 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const larger of units) {
    // What would be shown as 1024 of a unit is 1 of the next.
    if (value < 1023.95) break;
    value /= 1024;
    unit = larger;
  }
  return `${value < 10 && unit !== 'B' ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} ${unit}`;
}
