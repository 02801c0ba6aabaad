import type { Commit, Prepare, Remove, Update } from '../../src/domain/commands.ts';

/** Commands with what most tests leave as it is: no parent, no labels. */
export const prepare = (key: string, parent = '', more: Partial<Prepare> = {}): Prepare => ({
  ...{ type: 'Prepare', key, parent, kind: 'active', labels: {} },
  ...more,
});

export const view = (key: string, parent = ''): Prepare => prepare(key, parent, { kind: 'view' });

export const commit = (key: string, name: string, more: Partial<Commit> = {}): Commit => ({
  ...{ type: 'Commit', key, name, parent: '', labels: {} },
  ...more,
});

export const remove = (key: string): Remove => ({ type: 'Remove', key });

export const update = (key: string, more: Partial<Update> = {}): Update => ({
  ...{ type: 'Update', key, labels: {}, mask: [] },
  ...more,
});
