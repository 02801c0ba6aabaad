import { dirname, join } from 'node:path';
import { type Import, importsOf, withoutComments } from './imports.ts';
import { composition, places, type Room, rooms } from './rooms.ts';

/** Everything in a source file that breaks a rule of ARCHITECTURE.md, one sentence each. */
export function offences(path: string, source: string): readonly string[] {
  const room = rooms.find((each) => path.startsWith(each.path));
  if (room === undefined) return ['lies in no room'];
  const code = withoutComments(source);
  return [
    ...importsOf(source).flatMap((each) =>
      each.from.startsWith('.') ? localOffences(path, room, each) : packageOffences(path, room, each),
    ),
    ...(room.pure ? impurities(code) : []),
    ...(/^export default\b|\bas default\b/m.test(code) ? ['has a default export'] : []),
    ...(path !== 'src/index.ts' && /^export\s+(type\s+)?(\*|\{[^}]*\})[^;]*\bfrom\b/m.test(code) ? ['re-exports'] : []),
  ];
}

function localOffences(path: string, room: Room, { from, typeOnly }: Import): readonly string[] {
  const target = join(dirname(path), from);
  const may = (places: readonly string[]) => places.some((place) => target.startsWith(place));
  if (target.startsWith('src/adapters/')) return adapterOffences(path, target);
  if (may([room.path, ...room.rooms]) || (typeOnly && may(room.types ?? []))) return [];
  return [`imports ${target}${typeOnly || room.types === undefined ? '' : ' as more than types'}`];
}

/**
 * Only the composition constructs adapters, and adapters don't know each other: a file may import what lies in its own
 * technology's folder, what its port's folder and `shared/` hold for all technologies, and the helpers for files and file systems.
 */
function adapterOffences(path: string, target: string): readonly string[] {
  if (composition.some((place) => path.startsWith(place))) return [];
  if (!path.startsWith('src/adapters/')) return [`imports the adapter ${target}`];
  const own =
    technologyOf(path) === technologyOf(target) ||
    portOf(path) === dirname(target) ||
    target.startsWith(`${portOf(path)}/shared/`) ||
    ['src/adapters/system/files.ts', 'src/adapters/system/file-system.ts'].includes(target);
  return own ? [] : [`imports another adapter, ${target}`];
}

const portOf = (path: string) => path.split('/').slice(0, 3).join('/');
const technologyOf = (path: string) => path.split('/').slice(0, 4).join('/');

function packageOffences(path: string, room: Room, { from, typeOnly }: Import): readonly string[] {
  if (from === 'fp-ts') return ['imports all of fp-ts, which takes longer to load than most commands to run'];
  if (from.startsWith('node:')) return room.pure ? [`imports ${from} in a pure room`] : [];
  const name = from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
  const place = places[name];
  if (place !== undefined && !typeOnly && !path.startsWith(place)) return [`imports ${name}, whose place is ${place}`];
  if (room.packages !== undefined && !typeOnly && !room.packages.includes(name)) return [`imports the package ${name}`];
  return [];
}

function impurities(code: string): readonly string[] {
  const found = code.match(
    /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bperformance\.|\bcrypto\.|\bprocess\.|\bset(?:Timeout|Interval)\b/g,
  );
  return [...new Set(found ?? [])].map((name) => `uses ${name} in a pure room`);
}
