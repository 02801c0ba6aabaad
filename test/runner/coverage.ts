import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/** Lines of each file, and of all under `total`, as c8 sums them up; files by absolute path. */
export type Coverage = Readonly<Record<string, { readonly lines: { readonly pct: number } }>>;

/** Folders whose every line must run in some test, and the percentage of all lines that must. */
const whole = ['events/', 'projections/', 'src/domain/'];
const overall = 90;

/** Sums up what V8 wrote below a folder for every process, by the TypeScript sources. */
export async function measureCoverage(folder: string): Promise<Coverage> {
  const out = join(folder, '..');
  await promisify(execFile)(
    process.execPath,
    [
      ...['node_modules/c8/bin/c8.js', 'report', '--temp-directory', folder, '--reports-dir', out],
      ...['--reporter', 'json-summary', '--reporter', 'lcovonly', '--reporter', 'text'],
      ...['--exclude-after-remap', '--merge-async', '--exclude', 'test/**', '--exclude', '**/*.d.ts'],
      ...['src', 'events', 'projections'].flatMap((room) => ['--include', `${room}/**`]),
    ],
    { maxBuffer: 64 << 20 },
  );
  return JSON.parse(readFileSync(join(out, 'coverage-summary.json'), 'utf8')) as Coverage;
}

/** Insufficient coverage, one sentence each. */
export function tooLittle(coverage: Coverage, root: string): readonly string[] {
  const { total, ...files } = coverage;
  const covered = total?.lines.pct ?? 0;
  return [
    ...(covered < overall ? [`tests cover ${covered} % of all lines, ${overall} % are required`] : []),
    ...Object.entries(files)
      .map(([path, { lines }]) => ({ path: relative(root, path), pct: lines.pct }))
      .filter(({ path, pct }) => pct < 100 && whole.some((room) => path.startsWith(room)))
      .map(({ path, pct }) => `tests cover ${pct} % of ${path}, pure code: 100 % are required`),
  ];
}
