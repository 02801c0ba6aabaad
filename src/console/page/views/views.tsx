import type { View } from '../model/address.ts';
import { Compare } from './compare/compare.tsx';
import { Disk } from './disk/disk.tsx';
import { Fleet } from './fleet/fleet.tsx';
import { Health } from './health/health.tsx';
import { SnapshotView } from './snapshot/snapshot.tsx';
import { StoreView } from './store/store.tsx';
import { Timeline } from './timeline/timeline.tsx';

export const titles: Readonly<Record<View, string>> = {
  timeline: 'Timeline',
  store: 'Store',
  compare: 'Compare',
  disk: 'Disk',
  health: 'Health',
  fleet: 'Fleet',
  snapshot: 'Snapshot',
};

export function ViewOf({ view }: { readonly view: View }) {
  switch (view) {
    case 'timeline':
      return <Timeline />;
    case 'store':
      return <StoreView />;
    case 'compare':
      return <Compare />;
    case 'disk':
      return <Disk />;
    case 'health':
      return <Health />;
    case 'fleet':
      return <Fleet />;
    case 'snapshot':
      return <SnapshotView />;
  }
}
