import * as t from 'io-ts';
import type { LayerFiles } from '../../../ports/layer-files.ts';
import type { ReadableLog } from '../../../ports/readable-log.ts';
import type { StoreFiles } from '../../../ports/store-files.ts';
import type { Route } from '../../route.ts';

/** What the audit looks at: the store's files, as a command would. */
export interface AuditSource {
  readonly files: StoreFiles;
  layers(driver: string): Promise<LayerFiles>;
}

/** A route that says what the command of its name says with `--json`. */
export type Audit = Route<AuditSource>;

export const at = { at: t.string };
export const key = { key: t.string };
export const nothing = t.type({});

/** Opens the log for as long as the work takes. */
export async function withLog<T>(files: StoreFiles, work: (opened: ReadableLog) => Promise<T>): Promise<T> {
  const opened = await files.openLog();
  return work(opened).finally(() => opened.close());
}
