import type { ComponentChildren } from 'preact';

interface ScrollProps {
  /** what is in it, for a screen reader */
  readonly of: string;
  readonly children: ComponentChildren;
}

/** What is wider than a narrow page scrolls by itself, by the keyboard too. */
export const Scroll = ({ of, children }: ScrollProps) => (
  <div class="scroll" role="group" aria-label={of} tabIndex={0}>
    {children}
  </div>
);
