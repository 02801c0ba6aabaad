const definition = /^\s*(?:export )?const (\w+) = (?:cliSuite|suite(?:Needing|InBrowser)?)[(<]/gm;
const run = /\b(\w+)\.run\(\)/g;

/** The suites that a test's source defines and never runs, by the name of their variable. */
export function forgottenRuns(source: string): readonly string[] {
  const runs = [...source.matchAll(run)].map(([, name]) => name);
  return [...source.matchAll(definition)].flatMap(([, name = '']) => {
    const at = runs.indexOf(name);
    if (at < 0) return [name];
    runs.splice(at, 1);
    return [];
  });
}
