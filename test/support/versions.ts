/** Whether a version, as `2.3.4`, is another one or a later one; `2.3` stands for the first of `2.3.x`. */
export const isAtLeast = (found: string, wanted: string): boolean =>
  found.localeCompare(wanted, 'en', { numeric: true }) >= 0;
