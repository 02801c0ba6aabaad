import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built page, beside the program: dist/console. */
export function pageDirectory(): string {
  const places = ['../console/', '../../../console/', '../../../../dist/console/'];
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return found.find((place) => existsSync(`${place}index.html`)) ?? (found[0] as string);
}
