/** A part of the tree and what its files may import. */
export interface Room {
  /** the folder, with a slash at its end; or one file */
  readonly path: string;
  /** other rooms by their path; its own is always allowed */
  readonly rooms: readonly string[];
  /** rooms of which only types may be taken */
  readonly types?: readonly string[];
  /** third-party packages; undefined for any that has its place here */
  readonly packages?: readonly string[];
  /** no clock, no randomness, no node:* */
  readonly pure?: true;
}

const core = ['events/', 'projections/', 'src/domain/', 'src/ports/', 'src/app/'];

/** The table of ARCHITECTURE.md. The first room that a file lies in is its own. */
export const rooms: readonly Room[] = [
  { path: 'events/', rooms: [], packages: ['io-ts', 'fp-ts'], pure: true },
  { path: 'projections/', rooms: ['events/'], packages: ['io-ts', 'fp-ts'], pure: true },
  { path: 'src/domain/', rooms: ['events/', 'projections/'], packages: ['fp-ts', 're2js'], pure: true },
  { path: 'src/ports/', rooms: [], types: ['events/', 'projections/'], packages: [] },
  { path: 'src/app/', rooms: core, packages: ['rxjs', 'fp-ts', 'io-ts', 'uuid'] },
  { path: 'src/adapters/', rooms: ['events/', 'src/ports/'] },
  ...['edge', 'config', 'observe'].map((shared) => ({ path: `src/${shared}/`, rooms: core })),
  ...['grpc', 'http', 'cli'].map((edge) => ({
    path: `src/${edge}/`,
    rooms: [...core, 'src/edge/', 'src/config/', 'src/observe/'],
  })),
  { path: 'src/', rooms: [...core, 'src/'] },
];

/** The only places that construct adapters; the package's entry exports two. */
export const composition = ['src/compose/', 'src/maintenance/', 'src/index.ts'];

/** Packages that are imported in one place: where. Types of rxjs are taken elsewhere too. */
export const places: Readonly<Record<string, string>> = {
  execa: 'src/adapters/system/run-command.ts',
  koffi: 'src/adapters/system/native-calls.ts',
  rxjs: 'src/app/',
  re2js: 'src/domain/filter/',
  '@grpc/proto-loader': 'src/grpc/',
  commander: 'src/cli',
  pino: 'src/observe/',
  'prom-client': 'src/observe/',
  'smol-toml': 'src/config/',
  '@kurrent/kurrentdb-client': 'src/adapters/event-log/kurrentdb/connect.ts',
};
