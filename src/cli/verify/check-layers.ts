import type { State } from '../../../projections/state.ts';
import { usageDifference } from '../../../projections/usage.ts';
import { layersOf, layerWith } from '../../app/store/volume-of.ts';
import { faultOf } from '../../ports/fault.ts';
import type { Altered, LayerInspector } from '../../ports/layers.ts';
import type { Volume } from '../../ports/volume-driver.ts';
import { plain } from '../output/text.ts';
import type { Finding, StepReport } from './report.ts';

/** How many entries of a layer are named to a person; `--json` has all of them. */
const shown = 10;

const todo =
  'inspect it; a layer that containers or images use is repaired by pulling its image again after removing it: a pull does not adopt what was changed';

/**
 * Compares every committed layer, existing or retained, with its measurement and its manifest, if it has one. A daemon may
 * be at work meanwhile: a layer that `later` does not know any more is no finding.
 */
export async function checkLayers(
  state: State,
  inspector: LayerInspector,
  later: () => Promise<State>,
): Promise<StepReport> {
  const figures = { layers: 0, measured: 0, manifests: 0 };
  const found: (Finding & { readonly snapshot: number })[] = [];
  const alteredIn = new Map<number, ReadonlySet<string>>();
  // A child has a higher id than its parent.
  for (const id of layersOf(state)) {
    const layer = layerWith(state, id);
    if (layer === undefined) continue;
    const about = `snapshot ${id} (${layer.snapshot.key})`;
    const measured = state.usage.get(id);
    figures.layers += 1;
    try {
      const usage = measured === undefined ? undefined : await inspector.usage(layer.volume);
      if (measured !== undefined && usage !== undefined) {
        figures.measured += 1;
        const why = usageDifference(measured, usage);
        if (why !== undefined) found.push({ snapshot: id, what: plain(`${about}: ${why}`), todo });
      }
      const entries = await inspector.altered(layer.volume);
      if (entries !== undefined) figures.manifests += 1;
      const altered = inspector.relative ? withoutInherited(entries ?? [], layer.volume, alteredIn) : (entries ?? []);
      alteredIn.set(id, new Set(altered.map(({ path }) => path)));
      if (altered.length > 0) found.push({ snapshot: id, ...findingOf(about, altered) });
    } catch (error) {
      const { message, hint } = faultOf(error, 'inspecting it');
      found.push({ snapshot: id, what: plain(`${about}: ${message}`), todo: hint });
    }
  }
  const now = found.length === 0 ? state : await later();
  const findings = found.filter(({ snapshot }) => layerWith(now, snapshot) !== undefined);
  return { step: 'layers', figures, findings, notes: notesOf(figures), corrupt: false };
}

/** Leaves out what was changed in a parent and shows here only because of that. */
function withoutInherited(
  entries: readonly Altered[],
  { parents }: Pick<Volume, 'parents'>,
  alteredIn: ReadonlyMap<number, ReadonlySet<string>>,
): readonly Altered[] {
  const inherited = ({ path, how }: Altered) =>
    (how === 'was added' || how === 'is missing') && parents.some((parent) => alteredIn.get(parent)?.has(path));
  return entries.filter((entry) => !inherited(entry));
}

function findingOf(about: string, altered: readonly Altered[]): Finding {
  const named = altered.slice(0, shown).map(({ path, how }) => `${path} (${how})`);
  const rest = altered.length - named.length;
  const entries = `${altered.length} ${altered.length === 1 ? 'entry differs' : 'entries differ'} from its manifest`;
  const all = [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
  return { what: plain(`${about}: ${entries}: ${all}`), todo, entries: altered };
}

function notesOf({ layers, measured, manifests }: { layers: number; measured: number; manifests: number }) {
  return [
    ...(measured < layers
      ? [`${layers - measured} layers were not measured, or not in a way that can be compared`]
      : []),
    ...(manifests < layers
      ? [
          `${layers - manifests} layers have no manifest (setting \`manifests\`): content that was replaced by as much is not seen`,
        ]
      : []),
  ];
}
