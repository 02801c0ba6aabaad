interface LegendProps {
  /** class of a colour, its label, and a figure if there is one */
  readonly of: readonly (readonly [colour: string, label: string, figure?: string])[];
}

/** What the colours of a chart mean. */
export const Legend = ({ of }: LegendProps) => (
  <ul class="legend">
    {of.map(([colour, label, figure]) => (
      <li key={label}>
        <span class={`swatch ${colour}`} aria-hidden="true" />
        {label} {figure !== undefined && <span class="number">{figure}</span>}
      </li>
    ))}
  </ul>
);
