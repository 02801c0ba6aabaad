import type * as t from 'io-ts';
import type { WireEnvelope } from '../../../../events/envelope.ts';
import type { Blame as BlameRow } from '../../../app/audit/blame.ts';
import type { Change as ChangeRow } from '../../../app/audit/difference.ts';
import type { Stat as StatRow } from '../../../app/audit/find-snapshot.ts';
import type { History as HistoryRow } from '../../../app/audit/history.ts';
import type { RetainedRow } from '../../../app/audit/list-snapshots.ts';
import type { Mounts as MountsRow } from '../../../app/audit/mounts.ts';
import type { Stats as StatsRow } from '../../../app/audit/stats.ts';
import type * as rows from '../../../app/console/rows.ts';
import type { Why as WhyRow } from '../../../app/explain/why.ts';
import type * as fleet from '../../../app/fleet/questions/rows.ts';
import type { ActionRow } from '../../../app/queries/query.ts';

// What the routes answer, as JSON: the output of their codecs. The codec of events does not have the type of theirs.

type WithEvents<T> = Omit<T, 'events'> & { readonly events: readonly WireEnvelope[] };

export type Stat = t.OutputOf<typeof StatRow>;
export type Stats = t.OutputOf<typeof StatsRow>;
export type Change = t.OutputOf<typeof ChangeRow>;
export type Blame = t.OutputOf<typeof BlameRow>;
export type Mounts = t.OutputOf<typeof MountsRow>;
export type Why = t.OutputOf<typeof WhyRow>;
export type Retained = t.OutputOf<typeof RetainedRow>;
export type History = WithEvents<t.OutputOf<typeof HistoryRow>>;
export type Session = t.OutputOf<typeof rows.Session>;
export type EventsPage = WithEvents<t.OutputOf<typeof rows.EventsPage>>;
export type Density = t.OutputOf<typeof rows.Density>;
export type Incident = t.OutputOf<typeof rows.Incident>;
export type Forest = t.OutputOf<typeof rows.Forest>;
export type Growth = t.OutputOf<typeof rows.Growth>;
export type OwnFiles = t.OutputOf<typeof rows.OwnFiles>;

export type Action = t.OutputOf<typeof ActionRow>;

export type Flushes = t.OutputOf<typeof rows.Flushes>;
export type Health = t.OutputOf<typeof rows.Health>;
export type Verified = t.OutputOf<typeof rows.Verified>;

export type FleetNode = t.OutputOf<typeof fleet.NodeRow>;
export type FleetHolder = t.OutputOf<typeof fleet.HolderRow>;
export type FleetIncident = t.OutputOf<typeof fleet.IncidentRow>;

type AnyMessage = t.OutputOf<typeof rows.LiveMessage>;
export type LiveMessage = Exclude<AnyMessage, { kind: 'events' }> | WithEvents<Extract<AnyMessage, { kind: 'events' }>>;
