import type { Envelope, Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { emptyState, evolve, type State } from '../../../projections/state.ts';
import { containerdActor, reconcilerActor } from '../../../src/app/actors.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';
import type { Answer, Command } from '../../../src/domain/commands.ts';
import { decide, type Rules } from '../../../src/domain/decide.ts';
import type { Random } from './images.ts';

const rules: Rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: true, retain: true };
const millisecond = 1_000_000n;

/** The log of a simulated node, with a clock of its own. */
export interface NodeLog {
  /** after the last event */
  readonly state: State;
  /** Lets time pass, nanoseconds. */
  wait(time: bigint): void;
  now(): bigint;
  /** Records what the domain decides for a call of containerd. */
  call(command: Command, namespace: string): { readonly events: readonly Event[]; readonly answer: Answer<void> };
  /** Records what containerd reports. */
  observe(event: Event): void;
  /** Records what the daemon found or did, a little later. */
  record(events: readonly Event[], meta?: Meta): void;
  /** The batches since the last call, in ascending time. */
  take(): readonly (readonly Envelope[])[];
}

/** `length`: further events are left out, so that the log has exactly so many. */
export function createNodeLog(options: { store: string; begin: bigint; length: number; random: Random }): NodeLog {
  const { store, begin, length, random } = options;
  const state = emptyState();
  let time = begin;
  let batches: (readonly Envelope[])[] = [];
  const add = (events: readonly Event[], actor: Meta) => {
    time += BigInt(20 + Math.floor(random() * 400)) * millisecond;
    const stamped = stampEvents(events, { store, after: state.position, clock: () => time, actor });
    const due = stamped.slice(0, Math.max(0, length - state.position));
    for (const envelope of due) evolve(state, envelope);
    if (due.length > 0) batches.push(due);
  };
  return {
    state,
    wait: (passing) => {
      time += passing;
    },
    now: () => time,
    call: (command, namespace) => {
      const decision = decide(state, command, rules);
      if (decision.events.length > 0) add(decision.events, { ...containerdActor, namespace, peer: '1042' });
      return decision;
    },
    observe: (event) => add([event], containerdActor),
    record: (events, meta = {}) => add(events, { ...reconcilerActor, ...meta }),
    take: () => {
      const taken = batches;
      batches = [];
      return taken;
    },
  };
}
