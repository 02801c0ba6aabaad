import { dirname, join } from 'node:path';
import { type Import, importsOf, withoutComments } from './imports.ts';
import { composition, type Layer, layers, packagePaths } from './layers.ts';

/** Every violation of ARCHITECTURE.md in a source file, one sentence each. */
export function violations(path: string, source: string): readonly string[] {
  const layer = layers.find((each) => path.startsWith(each.path));
  if (layer === undefined) return ['is in no layer'];
  const code = withoutComments(source);
  return [
    ...importsOf(source).flatMap((each) =>
      each.from.startsWith('.') ? localViolations(path, layer, each) : packageViolations(path, layer, each),
    ),
    ...(layer.pure ? impurities(code) : []),
    ...(/^export default\b|\bas default\b/m.test(code) ? ['has a default export'] : []),
    ...(path !== 'src/index.ts' && /^export\s+(type\s+)?(\*|\{[^}]*\})[^;]*\bfrom\b/m.test(code) ? ['re-exports'] : []),
  ];
}

function localViolations(path: string, layer: Layer, { from, typeOnly }: Import): readonly string[] {
  const target = join(dirname(path), from);
  const may = (places: readonly string[]) => places.some((place) => target.startsWith(place));
  if (target.startsWith('src/adapters/')) return adapterViolations(path, target);
  if (may([layer.path, ...layer.layers]) || (typeOnly && may(layer.types ?? []))) return [];
  return [`imports ${target}${typeOnly || layer.types === undefined ? '' : ' as more than types'}`];
}

/**
 * Only the composition constructs adapters, and adapters don't know each other: a file may import from its own
 * technology's folder, from its port's folder and its `shared/`, and the helpers for files and file systems.
 */
function adapterViolations(path: string, target: string): readonly string[] {
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

function packageViolations(path: string, layer: Layer, { from, typeOnly }: Import): readonly string[] {
  if (from === 'fp-ts') return ['imports all of fp-ts, which takes longer to load than most commands to run'];
  if (from.startsWith('node:')) return layer.pure ? [`imports ${from} in a pure layer`] : [];
  const name = from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
  const places = [packagePaths[name] ?? []].flat();
  if (places.length > 0 && !typeOnly && !places.some((place) => path.startsWith(place)))
    return [`imports ${name}, which belongs in ${places.join(' or ')}`];
  if (layer.packages !== undefined && !typeOnly && !layer.packages.includes(name))
    return [`imports the package ${name}`];
  return [];
}

function impurities(code: string): readonly string[] {
  const found = code.match(
    /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bperformance\.|\bcrypto\.|\bprocess\.|\bset(?:Timeout|Interval)\b/g,
  );
  return [...new Set(found ?? [])].map((name) => `uses ${name} in a pure layer`);
}
