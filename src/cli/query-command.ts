import { type Command, Option } from 'commander';
import * as either from 'fp-ts/lib/Either.js';
import { ListType } from '../app/queries/parameters.ts';
import { type AnyQuery, queries } from '../app/queries/queries.ts';
import {
  type Answer,
  decodeParameters,
  type Given,
  type Parameters,
  type Query,
  type Values,
} from '../app/queries/query.ts';
import { loadConfig } from '../config/load-config.ts';
import { Fault } from '../ports/fault.ts';
import type { CliDeps } from './cli-deps.ts';
import { collect, jsonOption, relativeOption, storeCommand, wholeOption } from './options.ts';
import { type Print, print } from './output/print.ts';
import { plain } from './output/text.ts';
import { notingGone, type RootOptions, storeRoot } from './store-files.ts';
import { type TableName, type TableOptions, tables } from './tables/tables.ts';

export interface QueryOptions extends RootOptions, TableOptions {
  readonly json?: boolean;
}

/** A command for each query of a store that has one; `log` is a command of its own, because it streams. */
export function addQueries(program: Command, deps: CliDeps): void {
  for (const name of Object.keys(tables) as TableName[]) {
    const query: AnyQuery = queries[name];
    const command = addQuery(program, query);
    for (const option of tables[name].options) command.addOption(option === 'whole' ? wholeOption() : relativeOption());
    command.action(async (...given) =>
      runQuery(name, givenTo(command, query.parameters, given), command.opts(), deps, print),
    );
  }
}

/** The command of a query of a store with its arguments and options. */
export const addQuery = (program: Command, query: AnyQuery): Command =>
  addParameters(storeCommand(program, query.command ?? query.name, query.summary), query);

/** Adds the arguments and options of a query to its command, and `--json`. */
export function addParameters<S>(command: Command, { parameters, answer }: Query<S>): Command {
  for (const { cli, help, codec } of Object.values(parameters)) {
    if (cli === undefined) continue;
    if (!cli.startsWith('-')) command.argument(cli, help);
    else if (codec instanceof ListType) command.addOption(new Option(cli, help).argParser(collect));
    else command.addOption(new Option(cli, help));
  }
  return command.addOption(jsonOption(answer.list ? 'one row a line' : 'one object'));
}

/** The texts of a query's parameters on a command line: arguments in order, options by name. */
export function givenTo(command: Command, parameters: Parameters, args: readonly unknown[]): Given {
  const places = Object.keys(parameters).filter((name) => !(parameters[name]?.cli ?? '-').startsWith('-'));
  const named = places.map((name, at) => [name, args[at]]);
  return { ...(command.opts() as Given), ...(Object.fromEntries(named) as Given) };
}

/** Decodes parameters. Throws a Fault (`misuse`) for an invalid one. */
export function decoded<P extends Parameters>(parameters: P, given: Given, command: string): Values<P> {
  const label = (name: string) => (parameters[name]?.cli?.startsWith('-') ? `--${name}` : name);
  const values = decodeParameters(parameters, given, label);
  if (either.isRight(values)) return values.right;
  throw new Fault('misuse', plain(values.left), { hint: `see \`snapledger ${command} --help\`` });
}

/** Runs a query of a store and prints its table, or its rows as JSON. */
export async function runQuery(
  name: TableName,
  given: Given,
  options: QueryOptions,
  deps: CliDeps,
  print: Print,
): Promise<void> {
  const query: AnyQuery = queries[name];
  const values = decoded(query.parameters, given, query.command ?? name);
  const root = storeRoot(options);
  const stored = deps.storeFiles(root);
  const files = query.allHistory ? notingGone(stored) : stored;
  const source = {
    files,
    layers: (driver: string) => deps.openLayers(root, driver),
    mounts: (driver: string) => deps.openMounts(loadConfig({ file: options.config, flags: { root } }), driver),
  };
  const value = await query.run(source, values);
  printAnswer(query.answer, value, () => tables[name].lines(value as never, options), options, print);
}

/** Prints the table of an answer, or with `json` its rows. */
export function printAnswer<V>(
  answer: Answer<V>,
  value: V,
  lines: () => readonly string[],
  { json }: Pick<QueryOptions, 'json'>,
  print: Print,
): void {
  print(json === true ? answer.encode(value).map((row) => JSON.stringify(row)) : lines());
}
