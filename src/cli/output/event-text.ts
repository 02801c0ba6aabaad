import type { Labels } from '../../../events/codecs.ts';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event, EventOf } from '../../../events/registry.ts';
import { durationOf, nodeText, sizeText } from './text.ts';

/** One event in the words of the log's table. */
interface EventText {
  readonly id: string;
  /** key, name or path that it is about */
  readonly about: string;
  readonly what: string;
  readonly actor: string;
}

export function describeEvent({ event, meta }: Envelope): EventText {
  const { data } = event;
  const id = 'id' in data && data.id !== null ? String(data.id) : '';
  const namespace = meta.namespace === undefined ? '' : `/${meta.namespace}`;
  return { id, about: aboutOf(event), what: whatOf(event), actor: `${meta.actor ?? ''}${namespace}` };
}

function aboutOf({ type, data }: Event): string {
  if (type === 'SnapshotCommitted') return data.name;
  if (type === 'ContainerdObserved') return data.name;
  if ('key' in data) return data.key;
  if ('path' in data) return data.path;
  if ('kept' in data) return data.kept;
  return 'store' in data ? data.store : '';
}

function whatOf(event: Event): string {
  switch (event.type) {
    case 'StoreCreated':
      return `driver ${event.data.driver}, version ${event.data.version}`;
    case 'StoreOpened':
      return [
        event.data.clean ? 'clean' : 'after a crash',
        ...(event.data.node === undefined ? [] : [`on ${nodeText(event.data.node)}`]),
        ...countsOf(event.data.found),
        ...(event.data.replaces === null
          ? []
          : [`taken over from ${event.data.replaces.path} on ${event.data.replaces.host}`]),
      ].join(', ');
    case 'StoreImported':
      return `driver ${event.data.driver}, ${event.data.volumes ? 'log and layers' : 'log'} up to position ${event.data.position}`;
    case 'StoreTakenOver':
      return `from ${event.data.from}: ${event.data.committed} committed, ${event.data.actives} active, ${event.data.views} views`;
    case 'StoreClosed':
      return event.data.reason;
    case 'LogRepaired':
      return `${event.data.done}: ${event.data.what}, positions ${event.data.first} to ${event.data.last}`;
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
      return `${event.data.kind}${event.data.parent === '' ? '' : ` on ${event.data.parent}`}`;
    case 'SnapshotCommitted':
      return `from ${event.data.key}${event.data.empty === undefined ? '' : ', empty'}`;
    case 'SnapshotRemoved':
      return event.data.retained ? `${event.data.kind}, retained` : event.data.kind;
    case 'SnapshotUpdated':
      return labelChanges(event.data.before, event.data.after);
    case 'PrepareUndone':
    case 'CommitUndone':
      return `${event.data.step}: ${event.data.error} (${event.data.done})`;
    case 'UsageMeasured':
      return `${sizeText(event.data.bytes)}, ${event.data.inodes} inodes`;
    case 'VolumePurged':
    case 'OrphanPurged':
      return `${event.data.why}, ${sizeText(event.data.bytes)} freed`;
    case 'VolumeFlushed':
      return 'its data is on stable storage';
    case 'ContainerdObserved':
      return observedText(event.data);
    case 'ContainerdWatchChanged':
      return event.data.listening ? `listening, after a gap of ${durationOf(event.data.gap)}` : 'not listening';
    case 'VolumeRecreated':
    case 'VolumeLost':
    case 'RetentionEnded':
    case 'SnapshotRestored':
      return event.data.why;
    case 'OrphanQuarantined':
      return `to ${event.data.moved}: ${event.data.why}`;
    default:
      return event satisfies never;
  }
}

function observedText({ topic, namespace, image, missed }: EventOf<'ContainerdObserved'>['data']): string {
  const layers = image?.layers === null ? 'layers unknown' : `${image?.layers.length} layers`;
  return [
    `${topic} ${namespace}`,
    ...(image === undefined ? [] : [image.target, layers]),
    ...(missed === true ? ['found later'] : []),
  ].join(', ');
}

const countsOf = (found: Readonly<Record<string, number>>) =>
  Object.entries(found).map(([action, count]) => `${count} ${action}`);

/** `+a=1` added, `~a=2` changed, `-a` deleted. */
function labelChanges(before: Labels, after: Labels): string {
  const changes = Object.entries(after).map(([name, value]) =>
    value === '' ? `-${name}` : `${before[name] === '' ? '+' : '~'}${name}=${value}`,
  );
  return changes.length === 0 ? 'nothing changed' : changes.join(' ');
}
