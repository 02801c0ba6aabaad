import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { CoverageReport } from 'monocart-coverage-reports';

/** Lines with code of a file, and how many of them ran. */
export interface Lines {
  readonly total: number;
  readonly covered: number;
}

/** The lines of each source, by its path from the project's root. */
export type Coverage = Readonly<Record<string, Lines>>;

/** What is measured. The page's own code runs in a browser: only what tests load of it counts. */
const sources = /^(?:events|projections|src)\//;
const page = /^src\/console\/page\//;

/** Folders whose every line must run in some test, and the percentage of all lines that must. */
const complete = ['events/', 'projections/', 'src/domain/'];
const overall = 85;

/**
 * Sums up what V8 wrote below a folder for every process, by the TypeScript sources below `root`, and writes `lcov.info`
 * beside that folder. A source that no process loaded counts with all its lines; comments, blank lines and types do not.
 * @throws if a source cannot be parsed, or the folder has nothing
 */
export async function measureCoverage(folder: string, root: string): Promise<Coverage> {
  const out = join(folder, '..');
  const url = pathToFileURL(root).href;
  const report = new CoverageReport({
    ...{ logging: 'error', outputDir: out, baseDir: root, clean: false, reports: ['json-summary', 'lcovonly'] },
    entryFilter: (entry) => ['build', 'dist'].some((built) => entry.url.startsWith(`${url}/${built}/`)),
    sourceFilter: (path) => sources.test(path),
    all: {
      dir: ['events', 'projections', 'src'].map((name) => join(root, name)),
      filter: (path) => (/\.c?ts$/.test(path) && !page.test(path.slice(root.length + 1)) ? 'js' : false),
      transformer: compile,
    },
  });
  await report.addFromDir(folder);
  await report.generate();
  const summary = JSON.parse(readFileSync(join(out, 'coverage-summary.json'), 'utf8')) as Record<
    string,
    { lines: Lines }
  >;
  return Object.fromEntries(
    Object.entries(summary)
      .filter(([path]) => sources.test(path))
      .map(
        ([
          path,
          {
            lines: { total, covered },
          },
        ]) => [path, { total, covered }],
      ),
  );
}

/** Compiles a source that no process loaded. */
async function compile(entry: { source?: string; sourceMap?: unknown; url: string }): Promise<void> {
  const { code, map } = await transform(entry.source ?? '', {
    ...{ loader: 'ts', target: 'node20', sourcemap: true, sourcefile: entry.url },
  });
  Object.assign(entry, { source: code, sourceMap: JSON.parse(map) });
}

/** The percentage of all lines that ran, rounded down to two digits. */
export function percentage(coverage: Coverage): number {
  const sum = (figure: keyof Lines) => Object.values(coverage).reduce((all, lines) => all + lines[figure], 0);
  return Math.floor((sum('covered') / Math.max(1, sum('total'))) * 10_000) / 100;
}

/** Insufficient coverage, one sentence each. */
export function tooLittle(coverage: Coverage): readonly string[] {
  const covered = percentage(coverage);
  return [
    ...(covered < overall ? [`tests cover ${covered} % of all lines, ${overall} % are required`] : []),
    ...Object.entries(coverage)
      .filter(([path, lines]) => lines.covered < lines.total && complete.some((folder) => path.startsWith(folder)))
      .map(
        ([path, lines]) =>
          `tests cover ${lines.covered} of ${lines.total} lines of ${path}, pure code: all are required`,
      ),
  ];
}
