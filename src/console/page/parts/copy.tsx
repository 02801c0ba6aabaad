import { useEffect, useState } from 'preact/hooks';
import { usePage } from '../context.ts';
import { commandFor } from '../model/command.ts';

/** The command that says the same as the view, and a button that copies it. */
export function CopyCommand() {
  const { address, session } = usePage();
  const command = commandFor(address, session.root);
  const [copied, setCopied] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setCopied(''), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () =>
    copyText(command).then(
      () => setCopied('copied'),
      () => setCopied('select it and press Ctrl+C'),
    );
  return (
    <div class="command">
      <code tabIndex={0} role="region" aria-label="The same on the command line">
        {command}
      </code>
      <button type="button" onClick={copy}>
        Copy command
      </button>
      <span role="status">{copied}</span>
    </div>
  );
}

/** Browsers have a clipboard only on https and loopback. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard === undefined) throw new TypeError('no clipboard');
  await navigator.clipboard.writeText(text);
}
