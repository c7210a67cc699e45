import { visible, type Report } from './terminal.js';

/** Lines about one cause that a person is shown; machines are told all. */
const SHOWN = 5;

/** Tells of videos in quarantine: of each cause the first few, since half of a data set may be missing. */
export class QuarantineLines {
  private readonly causes = new Map<string, number>();

  constructor(private readonly report: Report) {}

  add(path: string, cause: string): void {
    const count = (this.causes.get(cause) ?? 0) + 1;
    this.causes.set(cause, count);
    if (count <= SHOWN) this.report.line(`quarantined ${visible(path)}: ${cause}`);
    if (count === SHOWN + 1) this.report.line(`… further ones of this cause are counted: ${cause}`);
  }

  /** How many there were of each cause of which not all were told. */
  summary(): void {
    for (const [cause, count] of this.causes)
      if (count > SHOWN)
        this.report.line(`${count} videos: ${cause}; quarantine.jsonl in the cache names them`);
  }
}
