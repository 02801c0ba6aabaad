const number = /^(0|[1-9][0-9]*)$/;

/** The snapshot's id that a directory's name is, or null where it is none: ids are plain decimal numbers up to 2^53-1. */
export function idOfName(name: string): number | null {
  const id = number.test(name) ? Number(name) : null;
  return Number.isSafeInteger(id) ? id : null;
}
