/** A part of the tree and what its files may import. */
export interface Layer {
  /** the folder, with a slash at its end; or one file */
  readonly path: string;
  /** other layers by their path; its own is always allowed */
  readonly layers: readonly string[];
  /** layers of which only types may be imported */
  readonly types?: readonly string[];
  /** allowed third-party packages; default: any that belongs here */
  readonly packages?: readonly string[];
  /** no clock, no randomness, no node:* */
  readonly pure?: true;
}

const core = ['events/', 'projections/', 'src/domain/', 'src/ports/', 'src/app/'];

/** The table of ARCHITECTURE.md. A file belongs to the first layer with its path. */
export const layers: readonly Layer[] = [
  { path: 'events/', layers: [], packages: ['io-ts', 'fp-ts'], pure: true },
  { path: 'projections/', layers: ['events/'], packages: ['io-ts', 'fp-ts'], pure: true },
  { path: 'src/domain/', layers: ['events/', 'projections/'], packages: ['fp-ts', 're2js'], pure: true },
  { path: 'src/ports/', layers: [], types: ['events/', 'projections/'], packages: [] },
  { path: 'src/app/', layers: core, packages: ['rxjs', 'fp-ts', 'io-ts'] },
  { path: 'src/adapters/', layers: ['events/', 'src/ports/'] },
  ...['edge', 'config', 'observe'].map((shared) => ({ path: `src/${shared}/`, layers: core })),
  ...['grpc', 'http', 'cli'].map((edge) => ({
    path: `src/${edge}/`,
    layers: [...core, 'src/edge/', 'src/config/', 'src/observe/'],
  })),
  {
    path: 'src/console/server/',
    layers: [...core, 'src/edge/', 'src/config/', 'src/observe/', 'src/http/'],
    packages: ['fp-ts', 'io-ts'],
  },
  {
    path: 'src/console/page/',
    layers: ['events/', 'src/cli/output/text.ts', 'src/cli/output/event-text.ts'],
    types: ['src/app/'],
    packages: ['preact', 'rxjs', 'd3-hierarchy', 'uplot', 'fp-ts'],
  },
  { path: 'src/', layers: [...core, 'src/'] },
];

/** The only code that constructs adapters; the package's entry exports some. */
export const composition = ['src/compose/', 'src/maintenance/', 'src/index.ts'];

/** The only importers of each package. Types of rxjs may be imported elsewhere. */
export const packagePaths: Readonly<Record<string, string | readonly string[]>> = {
  execa: 'src/adapters/system/run-command.ts',
  koffi: 'src/adapters/system/native-calls.ts',
  rxjs: ['src/app/', 'src/console/page/'],
  re2js: 'src/domain/filter/',
  '@grpc/proto-loader': 'src/grpc/',
  commander: 'src/cli',
  pino: 'src/observe/',
  'prom-client': 'src/observe/',
  'smol-toml': 'src/config/',
  pg: 'src/adapters/fleet-database/postgres/connection/session.ts',
  'pg-copy-streams': 'src/adapters/fleet-database/postgres/connection/session.ts',
  preact: 'src/console/page/',
  'd3-hierarchy': 'src/console/page/',
  uplot: 'src/console/page/',
  '@kurrent/kurrentdb-client': 'src/adapters/event-log/kurrentdb/connect.ts',
};
