import { RE2JS } from 're2js';
import type { Labels } from '../../../events/codecs.ts';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { diffIdLabel, parentChainLabel, refLabel } from '../../../projections/snapshot.ts';

/** The labels by which a layer is known in a fleet. Their values are digests. */
const identifying: ReadonlySet<string> = new Set([refLabel, diffIdLabel, parentChainLabel]);

/** Whether a pattern is the name of a label that is always sent. */
export const isIdentifying = (pattern: string): boolean => identifying.has(pattern);

/** Every field of an event that contains labels. */
export const labelFields = ['labels', 'before', 'after'] as const;

/**
 * Leaves out of events the labels whose names match one of the patterns: `*` is any text, everything else itself. Labels that
 * identify a layer stay. Takes time in proportion to the names, whatever the patterns are.
 */
export function createLabelFilter(patterns: readonly string[]): (envelope: Envelope) => Envelope {
  if (patterns.length === 0) return (envelope) => envelope;
  const globs = patterns.map((pattern) => pattern.split('*').map(RE2JS.quote).join('.*'));
  const omitted = RE2JS.compile(globs.join('|'), RE2JS.DOTALL);
  return (envelope) => withLabels(envelope, (name) => identifying.has(name) || !omitted.matches(name));
}

/** An event with only those of its labels that are kept; itself if all are. `field` is one of `labelFields`. */
export function withLabels(envelope: Envelope, keep: (name: string, field: string) => boolean): Envelope {
  const data: Readonly<Record<string, unknown>> = envelope.event.data;
  const changed = labelFields.flatMap((field) => {
    const labels = data[field] as Labels | undefined;
    const names = Object.keys(labels ?? {});
    if (labels === undefined || names.every((name) => keep(name, field))) return [];
    return [[field, Object.fromEntries(Object.entries(labels).filter(([name]) => keep(name, field)))] as const];
  });
  if (changed.length === 0) return envelope;
  return { ...envelope, event: { ...envelope.event, data: { ...data, ...Object.fromEntries(changed) } } as Event };
}

/**
 * Whether a stream holds this event, perhaps without some of its labels: which were left out depends on the settings at the time
 * when it was sent.
 */
export function sameButLabels(ours: Envelope, theirs: Envelope, textOf: (envelope: Envelope) => string): boolean {
  const data: Readonly<Record<string, unknown>> = theirs.event.data;
  const sent = (name: string, field: string) => Object.hasOwn((data[field] as Labels | undefined) ?? {}, name);
  return textOf(withLabels(ours, sent)) === textOf(theirs);
}
