import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import { isIdentifying } from '../domain/filter/omit-labels.ts';
import { Fault } from '../ports/fault.ts';
import { type Config, complete } from './config.ts';
import { decodeSettings, type Settings } from './settings.ts';
import { hasPassword, readSettingsFile } from './settings-file.ts';
import { fitsSocket, longestSocketPath } from './values.ts';

/** Read where no other file is named, if it is there. */
export const defaultFile = '/etc/snapledger/config.toml';

export interface Sources {
  /** the settings file; without it the default one, if that exists */
  readonly file?: string | undefined;
  /** what the command line says, by the names of the file; what is undefined was not said */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** default: the process's; only NODE_NAME is used, unless it is empty */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Flags over the file over the environment over the defaults. Throws a Fault (`misuse`) that names file or flag, key and expectation. */
export function loadConfig({ file, flags = {}, environment = process.env }: Sources): Config {
  const said = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const config = complete(
    fromEnvironment(environment),
    fromFile(file ?? (existsSync(defaultFile) ? defaultFile : undefined)),
    fromFlags(said),
  );
  checkSockets(config);
  checkLoopback(config);
  checkClusters(config);
  return config;
}

function fromEnvironment({ NODE_NAME: node = '' }: NonNullable<Sources['environment']>): Settings {
  const decoded = decodeSettings(node === '' ? {} : { node });
  if (either.isRight(decoded)) return decoded.right;
  throw new Fault('misuse', `NODE_NAME: ${decoded.left.replace(/^node: /, '')}`, {
    hint: "correct the variable of the environment; it is the node's name in the log unless the setting node is given",
  });
}

function fromFile(file: string | undefined): Settings {
  if (file === undefined) return {};
  const { values, mode } = readSettingsFile(file);
  const decoded = decodeSettings(values);
  if (either.isLeft(decoded))
    throw new Fault('misuse', `${basename(file)}: ${decoded.left}`, {
      hint: `correct ${file}; OPERATIONS.md lists every key`,
    });
  const [secret] = urlsWithPassword(decoded.right);
  if (secret !== undefined && (mode & 0o077) !== 0)
    throw new Fault(
      'misuse',
      `${file}: ${secret} has a password, and others than the owner may read the file (mode ${mode.toString(8)})`,
      { hint: `chmod 600 ${file}` },
    );
  return decoded.right;
}

/** The keys whose connection strings have a name and a password. */
const urlsWithPassword = ({ log, forward }: Settings): readonly string[] =>
  Object.entries({ 'log.url': log?.url, 'forward.url': forward?.url }).flatMap(([key, url]) =>
    hasPassword(url) ? [key] : [],
  );

function fromFlags(flags: Readonly<Record<string, unknown>>): Settings {
  const decoded = decodeSettings(flags);
  const [secret] = either.isRight(decoded) ? urlsWithPassword(decoded.right) : [];
  if (secret !== undefined)
    throw new Fault(
      'misuse',
      `--${secret.replace('.url', '')}: has a password, which every user of the machine can see`,
      {
        hint: `set ${secret} in the settings file, with mode 0600`,
      },
    );
  if (either.isRight(decoded)) return decoded.right;
  throw new Fault('misuse', `--${decoded.left.replace(/^[^:]*/, (key) => key.replaceAll(/[._]/g, '-'))}`, {
    hint: 'snapledger serve --help lists the options',
  });
}

/** A log that is kept in a cluster is forwarded by the cluster's own means. */
function checkClusters({ log, forward }: Config): void {
  checkOmitted(forward.omitLabels, log.url !== undefined);
  if (log.url === undefined || forward.url === undefined) return;
  throw new Fault('misuse', 'forward.url: the log itself is kept in a cluster, by log.url', {
    hint: 'leave one of the two out: log.url keeps the log there, forward.url sends a log that is kept in the root',
  });
}

function checkOmitted(patterns: readonly string[], inCluster: boolean): void {
  const kept = patterns.find(isIdentifying);
  if (kept !== undefined)
    throw new Fault('misuse', `forward.omit_labels: ${kept} identifies layers and is always sent`, {
      hint: 'leave it out: its value is a digest, without which the copy would not show which layer a snapshot is',
    });
  if (inCluster && patterns.length > 0)
    throw new Fault('misuse', 'forward.omit_labels: the log itself is kept in a cluster, by log.url, with all labels', {
      hint: 'keep the log in the root and set forward.url, or leave forward.omit_labels out',
    });
}

function checkSockets({ address, httpAddress }: Config): void {
  const hint = 'set http_address to a short path of its own';
  if (!fitsSocket(httpAddress))
    throw new Fault('misuse', `http_address: ${httpAddress} is longer than ${longestSocketPath} bytes`, { hint });
  if (address === httpAddress) throw new Fault('misuse', `http_address: is the same as address: ${address}`, { hint });
}

/** Every user of the machine can connect to loopback. */
function checkLoopback({ http: { listen, tokenFile } }: Config): void {
  if (listen !== null && tokenFile === null)
    throw new Fault('misuse', 'http.listen: needs http.token_file, the file with the token that requests must bear', {
      hint: 'set http.token_file, and make the file: (umask 077; head -c 32 /dev/urandom | base64 > FILE)',
    });
}
