/** What a fold changes in place before it becomes a row. */
export type Draft<Row> = { -readonly [K in keyof Row]: Row[K] };
