/** One import of a source file. */
export interface Import {
  /** as it is written */
  readonly from: string;
  /** nothing of it is left at run time */
  readonly typeOnly: boolean;
}

const statement = /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm;
const call = /\b(typeof\s+)?(?:import|require)\(\s*'([^']+)'/g;

/** All imports, re-exports and dynamic imports of a TypeScript source, as its formatter writes them. */
export function importsOf(source: string): readonly Import[] {
  const code = withoutComments(source);
  return [
    ...[...code.matchAll(statement)].map(([, type, names = '', from = '']) => ({
      from,
      typeOnly: type !== undefined || allTypes(names),
    })),
    ...[...code.matchAll(call)].map(([, type, from = '']) => ({ from, typeOnly: type !== undefined })),
  ];
}

/** The source without its comments. */
export const withoutComments = (source: string): string =>
  source.replace(/\/\*\*?[\s\S]*?\*\/|^\s*\/\/.*$|(?<=[;,{)]\s*)\/\/.*$/gm, '');

function allTypes(names: string): boolean {
  const list = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1];
  if (list === undefined) return false;
  const each = list.split(',').filter((name) => name.trim() !== '');
  return each.length > 0 && each.every((name) => name.trim().startsWith('type '));
}
