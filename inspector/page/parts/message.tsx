/** Something that cannot be shown, and why. */
export function Message({ problem }: { problem: string }) {
  return (
    <p class="message" role="alert">
      {problem}
    </p>
  );
}

export function Waiting({ what }: { what: string }) {
  return (
    <p class="waiting" role="status">
      {what} …
    </p>
  );
}
